"""Texts that are evaluated side by side, with what the model keeps of them.

Every row is padded on its left and whole on its right, so a row can be added, left out, copied or made to wait
without a gap in any text. Three families differ in what can be kept: causal models with keys and values, decoders
behind an encoder, and recurrent models, of which nothing is kept.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from simulator.backends.transformers.library import torch
from simulator.backends.transformers.network import Network

Texts = Sequence[Sequence[int]]


class Rows(Protocol):
    """Some texts, each with the logits after its last token."""

    count: int
    """How many."""
    logits: Any
    """Tensor (count, n_vocab) of float32: what may come next."""

    def step(self, tokens: Sequence[int | None]) -> None:
        """Go on by one token in each row; rows given ``None`` wait."""

    def take(self, indices: Sequence[int]) -> None:
        """Keep these rows, in this order; one may come more than once."""

    def copy(self, indices: Sequence[int]) -> "Rows":
        """The same as rows of their own."""

    def join(self, other: "Rows") -> None:
        """Add the rows of another batch of the same family after these."""

    def extend(self, tips: Texts) -> Any:
        """Tensor (count, longest tip, n_vocab): logits after each token of a text more in each row; ends the rows."""


def begin(network: Network, texts: Texts) -> Rows:
    """Evaluate texts of at least one token; those of an encoder-decoder are what the encoder reads."""
    if network.encodes:
        return DecoderRows(network, texts)
    return RecurrentRows(network, texts) if network.recurrent else CausalRows(network, texts)


class CausalRows:
    """Rows of a causal model, with their keys and values."""

    def __init__(self, network: Network, texts: Texts) -> None:
        self._network = network
        width = max(map(len, texts))
        ids = network.tensor([[0] * (width - len(text)) + list(text) for text in texts])
        self._mask = network.tensor([[0] * (width - len(text)) + [1] * len(text) for text in texts])
        self._next = network.tensor([len(text) for text in texts])
        self._cache = network.cache()
        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)
        self.logits = network.read(ids, self._mask, positions, self._cache, last=1)[:, -1]
        self.count = len(texts)

    def step(self, tokens: Sequence[int | None]) -> None:
        """Go on by one token in each row; rows given ``None`` wait."""
        ids = self._network.tensor([[token or 0] for token in tokens])
        going = self._network.tensor([token is not None for token in tokens])
        self._mask = torch().cat([self._mask, going[:, None]], dim=1)
        found = self._network.read(ids, self._mask, self._next[:, None], self._cache, last=1)[:, -1]
        waiting = [n for n, token in enumerate(tokens) if token is None]
        if waiting:
            found[waiting] = self.logits[waiting]
            self._close_gaps(waiting)
        self.logits, self._next = found, self._next + going

    def take(self, indices: Sequence[int]) -> None:
        """Keep these rows, in this order; one may come more than once."""
        if list(indices) == list(range(self.count)):
            return
        at = self._network.tensor(list(indices))
        if len(indices) == self.count:  # beams change places: only those that do are copied
            changed = self._network.tensor([n for n, index in enumerate(indices) if n != index])
            self._each(lambda kept: kept.index_copy(0, _beside(changed, kept), kept[_beside(at[changed], kept)]))
        else:
            self._each(lambda kept: kept[_beside(at, kept)])
        self._pick(at)
        self.count = len(indices)
        self._trim()

    def copy(self, indices: Sequence[int]) -> "CausalRows":
        """The same as rows of their own."""
        other = object.__new__(type(self))
        other.__dict__ |= self.__dict__
        at = self._network.tensor(list(indices))
        other._cache = self._network.cache()
        for source, target in zip(_layers(self._cache), _fresh(self._cache, other._cache), strict=True):
            if source.keys is not None:
                target.update(source.keys[_beside(at, source.keys)], source.values[_beside(at, source.values)])
        other._pick(at)
        other.count = len(indices)
        return other

    def join(self, other: Rows) -> None:
        """Add the rows of another batch after these."""
        assert isinstance(other, CausalRows)
        width = max(self._mask.shape[1], other._mask.shape[1])
        for mine, new in zip(_layers(self._cache), _layers(other._cache), strict=True):
            for name in ("keys", "values") if mine.keys is not None else ():
                parts = [_padded(getattr(layer, name), width, dim=2) for layer in (mine, new)]
                setattr(mine, name, torch().cat(parts))
        self._mask = torch().cat([_padded(one._mask, width, dim=1) for one in (self, other)])
        self._next = torch().cat([self._next, other._next])
        self.logits = torch().cat([self.logits, other.logits])
        self.count += other.count

    def extend(self, tips: Texts) -> Any:
        """Logits after each token of a text more in each row; the rows are of no use afterwards."""
        ids, steps = _right_padded(self._network, tips)
        mask = torch().cat([self._mask, torch().ones_like(ids)], dim=1)
        return self._network.read(ids, mask, self._next[:, None] + steps, self._cache)

    def _pick(self, at: Any) -> None:
        self._mask, self._next, self.logits = self._mask[at], self._next[at], self.logits[at]

    def _each(self, change: Any) -> None:
        """Change all that is kept, layer by layer, so that no more than one layer is ever held twice."""
        for layer in _layers(self._cache):
            if layer.keys is not None:  # none where a layer looks at the keys of another
                layer.keys = change(layer.keys)
                layer.values = change(layer.values)

    def _close_gaps(self, rows: list[int]) -> None:
        """Move what waiting rows hold by one place to the right, over the place that they left empty."""
        at = self._network.tensor(rows)
        self._each(lambda kept: kept.index_copy(0, _beside(at, kept), kept[_beside(at, kept)].roll(1, dims=2)))
        self._mask[at] = self._mask[at].roll(1, dims=1)

    def _trim(self) -> None:
        """Forget places on the left that no row uses any more."""
        unused = int(self._mask.any(0).int().argmax())
        if unused:
            self._each(lambda kept: kept[:, :, unused:].contiguous())
            self._mask = self._mask[:, unused:]


class DecoderRows:
    """Rows of a decoder behind an encoder; all of the same length, for positions are counted from the first place."""

    def __init__(self, network: Network, texts: Texts) -> None:
        self._network = network
        ids, _ = _right_padded(network, texts)
        lengths = network.tensor([len(text) for text in texts])
        self._mask = (torch().arange(ids.shape[1], device=network.device) < lengths[:, None]).long()
        self._encoded = network.encode(ids, self._mask)
        self._cache = network.cache()
        self.count = len(texts)
        self.logits: Any = None
        self.step([network.start] * self.count)

    def step(self, tokens: Sequence[int | None]) -> None:
        """Go on by one token in each row; none may wait."""
        ids = self._network.tensor([[token] for token in tokens])
        self.logits = self._network.write(ids, self._encoded, self._mask, self._cache)[:, -1]

    def take(self, indices: Sequence[int]) -> None:
        """Keep these rows, in this order; one may come more than once."""
        if list(indices) != list(range(self.count)):
            self._hold(self, self._cache, self._network.tensor(list(indices)))

    def copy(self, indices: Sequence[int]) -> "DecoderRows":
        """The same as rows of their own."""
        other = object.__new__(type(self))
        other.__dict__ |= self.__dict__
        other._cache = self._network.cache()
        other._cache.is_updated = dict(self._cache.is_updated)
        other._hold(self, other._cache, self._network.tensor(list(indices)))
        return other

    def join(self, other: Rows) -> None:
        """Replies of different lengths cannot be joined; the engine begins them together instead."""
        raise NotImplementedError("rows of an encoder-decoder are not joined")

    def extend(self, tips: Texts) -> Any:
        """Logits after each token of a text more in each row; the rows are of no use afterwards."""
        ids, _ = _right_padded(self._network, tips)
        return self._network.write(ids, self._encoded, self._mask, self._cache)

    def _hold(self, source: "DecoderRows", cache: Any, at: Any) -> None:
        """Hold some rows of a batch, in a cache that is its own or empty."""
        for old, new in zip(_layers(source._cache), _fresh(source._cache, cache), strict=True):
            if old.keys is None:
                continue
            keys, values = old.keys[_beside(at, old.keys)], old.values[_beside(at, old.values)]
            if old is new:
                new.keys, new.values = keys, values
            else:
                new.update(keys, values)
        self._mask, self.logits = source._mask[at], source.logits[at]
        self._encoded = type(source._encoded)(last_hidden_state=source._encoded.last_hidden_state[at])
        self.count = len(at)


class RecurrentRows:
    """Rows of a model whose state cannot be padded: each text is evaluated anew, by itself, for every token."""

    def __init__(self, network: Network, texts: Texts) -> None:
        self._network = network
        self._texts = [list(text) for text in texts]
        self.count = len(texts)
        self.logits = torch().stack([self._after(text)[-1] for text in self._texts])

    def step(self, tokens: Sequence[int | None]) -> None:
        """Go on by one token in each row; rows given ``None`` wait."""
        for n, token in enumerate(tokens):
            if token is not None:
                self._texts[n].append(token)
                self.logits[n] = self._after(self._texts[n])[-1]

    def take(self, indices: Sequence[int]) -> None:
        """Keep these rows, in this order; one may come more than once."""
        self._texts = [list(self._texts[n]) for n in indices]
        self.logits, self.count = self.logits[self._network.tensor(list(indices))], len(indices)

    def copy(self, indices: Sequence[int]) -> "RecurrentRows":
        """The same as rows of their own."""
        other = object.__new__(type(self))
        other.__dict__ |= self.__dict__
        other.take(indices)
        return other

    def join(self, other: Rows) -> None:
        """Add the rows of another batch after these."""
        assert isinstance(other, RecurrentRows)
        self._texts += other._texts
        self.logits, self.count = torch().cat([self.logits, other.logits]), self.count + other.count

    def extend(self, tips: Texts) -> Any:
        """Logits after each token of a text more in each row."""
        longest = max(map(len, tips))
        found = self.logits.new_zeros(self.count, longest, self.logits.shape[1])
        for n, (text, tip) in enumerate(zip(self._texts, tips, strict=True)):
            found[n, : len(tip)] = self._after([*text, *tip])[-len(tip) :]
        return found

    def _after(self, text: list[int]) -> Any:
        ids = self._network.tensor([text])
        return self._network.read(ids, torch().ones_like(ids), None, None)[0]


def _layers(cache: Any) -> list[Any]:
    """All layers of a cache, those of a decoder before those that look at the encoder."""
    if hasattr(cache, "self_attention_cache"):
        return [*cache.self_attention_cache.layers, *cache.cross_attention_cache.layers]
    return list(cache.layers)


def _fresh(source: Any, target: Any) -> list[Any]:
    """The layers of a cache, made first where it is empty, as many as another has."""
    if source is not target:
        pairs = [(source, target)]
        if hasattr(source, "self_attention_cache"):
            pairs = [
                (getattr(source, name), getattr(target, name))
                for name in ("self_attention_cache", "cross_attention_cache")
            ]
        for old, new in pairs:
            new.layers = [type(layer)() for layer in old.layers]
    return _layers(target)


def _beside(at: Any, kept: Any) -> Any:
    """Indices on the device of a layer, which is another one where layers are spread over several."""
    return at.to(kept.device)


def _padded(values: Any, width: int, dim: int) -> Any:
    """A tensor with zeros on its left along a dimension, up to a width."""
    missing = width - values.shape[dim]
    if not missing:
        return values
    shape = [*values.shape[:dim], missing, *values.shape[dim + 1 :]]
    return torch().cat([values.new_zeros(shape), values], dim=dim)


def _right_padded(network: Network, texts: Texts) -> tuple[Any, Any]:
    """Texts as one tensor, and the number of each of its places."""
    longest = max(map(len, texts))
    ids = network.tensor([list(text) + [0] * (longest - len(text)) for text in texts])
    return ids, torch().arange(longest, device=network.device)
