"""How much an engine allocates: within its share of the memory, branches and llama.cpp's padding included."""

from pathlib import Path

from simulator.backends.llama_cpp.capacity import BRANCHES, MOST_SEQUENCES, SHORTEST_CONTEXT, divided, fitted
from simulator.backends.llama_cpp.machine import cores, limits, memory
from simulator.backends.llama_cpp.model import part_on_devices
from simulator.backends.llama_cpp.settings import LlamaCppSettings

TOKEN = 23_040
"""Bytes of the embedded model's keys and values for one token."""


def test_whatever_the_memory_the_defaults_stay_within_the_budget() -> None:
    for budget in range(2 * (SHORTEST_CONTEXT + 256) * TOKEN, 6_000_000_000, 40_000_000):
        found = fitted(LlamaCppSettings(), 8192, TOKEN, budget)
        assert found.bytes == (found.sequences + found.branches) * (found.context + 256) * TOKEN <= budget
        assert 2 <= found.sequences <= MOST_SEQUENCES
        assert found.branches in (0, 2, BRANCHES)


def test_the_default_context_shrinks_before_the_budget_is_exceeded() -> None:
    # Two sequences of 4,096 + 256 tokens would take 201 MB, of 2,048 + 256 tokens 106 MB, of 1,024 + 256 59 MB.
    assert [fitted(LlamaCppSettings(), 8192, TOKEN, b * 1e6).context for b in (210, 110, 60, 1)] == [
        4096,
        2048,
        1024,
        1024,
    ]
    assert fitted(LlamaCppSettings(), 512, TOKEN, 1).context == 512


def test_what_the_settings_say_is_granted_and_branches_give_way() -> None:
    wanted = LlamaCppSettings(sequences=6, context=4096)
    each = (4096 + 256) * TOKEN
    assert [fitted(wanted, 8192, TOKEN, n * each).branches for n in (1, 6, 7, 8, 9, 20)] == [0, 0, 0, 2, 3, 4]
    assert {fitted(wanted, 8192, TOKEN, n * each).sequences for n in (1, 6, 20)} == {6}
    assert fitted(wanted, 8192, TOKEN, 1).context == 4096


def test_memory_is_counted_in_the_multiples_that_llama_cpp_allocates() -> None:
    found = fitted(LlamaCppSettings(context=300, sequences=2), 8192, TOKEN, 1)
    assert (found.context, found.bytes) == (300, 2 * 512 * TOKEN)


def test_keys_and_values_fill_neither_the_processors_share_nor_that_of_gpus() -> None:
    # 31 of 30 layers and the output: all of them; 16: the output and 15; 1: the output, so nothing but that.
    assert [part_on_devices(n, 30) for n in (-1, 99, 31, 16, 1, 0)] == [1.0, 1.0, 1.0, 0.5, 0.0, 0.0]
    # Half of 12 GB lies on GPUs that have 20 GB for it, and the other half here, where 6 GB are.
    assert divided(6e9, 20e9, 0.5) == 12e9
    assert divided(6e9, 1e9, 0.5) == 2e9
    assert (divided(6e9, 1e9, 0.0), divided(6e9, 1e9, 1.0)) == (6e9, 1e9)


def test_limits_of_control_groups_are_found_in_both_versions(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("1:name=systemd:/x\n0::/jobs/mine\n")
    inner = tmp_path / "root" / "jobs" / "mine"
    inner.mkdir(parents=True)
    assert limits(tmp_path / "root", own) == []
    (inner / "memory.max").write_text("max\n")
    (inner.parent / "memory.max").write_text("2000000\n")
    (tmp_path / "root" / "memory").mkdir()
    (tmp_path / "root" / "memory" / "memory.limit_in_bytes").write_text("5000000\n")
    assert limits(tmp_path / "root", own) == [2_000_000, 5_000_000]
    assert limits(tmp_path / "root", tmp_path / "absent") == [5_000_000]
    assert cores() >= 1
    assert memory() > 0
