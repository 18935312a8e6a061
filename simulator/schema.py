"""Tables and views of a store: the public contract of its SQLite file, version by version.

Ids are small integers handed out in the order of the plan, so that two runs of one wave agree row by row. Rows
that stream in have their natural key as primary key, so that writing a row twice changes nothing.
"""

TABLES = """
CREATE TABLE waves (
    id TEXT PRIMARY KEY,              -- BLAKE2 hash of the resolved config it began with, salt included
    name TEXT NOT NULL,
    config TEXT NOT NULL,             -- resolved wave as JSON, no secrets
    questionnaire TEXT NOT NULL,      -- as asked, JSON
    population TEXT NOT NULL,         -- as drawn from, JSON
    reference TEXT,                   -- reference document (source, year, groups), JSON
    seed INTEGER NOT NULL,
    versions TEXT NOT NULL,           -- demoscope, python and libraries, JSON
    restricted INTEGER NOT NULL DEFAULT 0,  -- 1 when rows of a restricted source are inside
    started TEXT NOT NULL,            -- UTC, ISO 8601
    finished TEXT
);
CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    backend TEXT NOT NULL,
    config TEXT NOT NULL,             -- as written in the wave, JSON, no secrets
    digest TEXT,                      -- of the weights, when the backend knows it
    settings TEXT,                    -- what else changes numbers, JSON; written when the model first runs
    committed REAL                    -- with max_cost: money that may have been spent so far, at most
);
CREATE TABLE cells (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,        -- condition x model
    condition TEXT NOT NULL,
    model_id INTEGER NOT NULL REFERENCES models(id),
    protocol TEXT NOT NULL,
    profile TEXT NOT NULL,            -- paper, code or demoscope
    language TEXT NOT NULL,
    culture TEXT,
    variant TEXT,                     -- perturbations of the questionnaire, JSON; NULL when there are none
    settings TEXT NOT NULL,           -- resolved protocol settings, and which fell back to demoscope, JSON
    told TEXT NOT NULL,               -- persona attributes the portrait tells the model, JSON list
    population TEXT                   -- id of the population whose people are asked; NULL: the wave's own
);
CREATE TABLE questions (
    id INTEGER PRIMARY KEY,           -- order in the questionnaire, from 1
    name TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    minimum INTEGER, maximum INTEGER, max_selections INTEGER,
    dimension TEXT, topic TEXT, polarity INTEGER,
    section TEXT, battery TEXT,       -- what it stands in
    stem TEXT, instruction TEXT,      -- what is shown before and after its own text
    unit TEXT,                        -- of a number
    show_if TEXT,                     -- condition under which it is asked, those of its groups included
    experiment TEXT,                  -- vignette or conjoint it belongs to
    excluded TEXT                     -- why it is not put to models; NULL when it is
);
CREATE TABLE options (
    question_id INTEGER NOT NULL REFERENCES questions(id),
    code INTEGER NOT NULL,
    position INTEGER NOT NULL,        -- order in the questionnaire, from 1
    label TEXT NOT NULL,
    score REAL,
    kind TEXT NOT NULL,               -- substantive, nonresponse, or added: only some condition offers it
    PRIMARY KEY (question_id, code)
) WITHOUT ROWID;
CREATE TABLE personas (
    id INTEGER PRIMARY KEY,           -- number in its population plus 1; plus 100,000,000 for each one before it
    attributes TEXT NOT NULL,         -- JSON object
    country TEXT, state TEXT, city TEXT,
    weight REAL NOT NULL,
    source_row TEXT
);
CREATE TABLE respondents (
    id INTEGER PRIMARY KEY,
    cell_id INTEGER NOT NULL REFERENCES cells(id),
    persona_id INTEGER NOT NULL REFERENCES personas(id),
    portrait TEXT NOT NULL,           -- the persona as the model is told
    decoding TEXT NOT NULL,           -- as drawn, JSON
    memory_length INTEGER NOT NULL,
    UNIQUE (cell_id, persona_id)
);
CREATE TABLE answers (
    respondent_id INTEGER NOT NULL REFERENCES respondents(id),
    question_id INTEGER NOT NULL REFERENCES questions(id),
    method TEXT NOT NULL,
    replicate INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('answered', 'refused', 'invalid', 'failed', 'skipped')),
    value REAL,                       -- open number, or scale value
    text TEXT,                        -- free text, or the explanation beside a choice
    reason TEXT,                      -- why it is not answered
    presentation TEXT NOT NULL,       -- how it was shown, JSON
    memory TEXT NOT NULL,             -- ordinals of the `answer` exchanges still remembered, JSON
    PRIMARY KEY (respondent_id, question_id, method, replicate)
) WITHOUT ROWID;
CREATE TABLE answer_options (
    respondent_id INTEGER NOT NULL, question_id INTEGER NOT NULL,
    method TEXT NOT NULL, replicate INTEGER NOT NULL,
    code INTEGER NOT NULL,
    amount REAL,                      -- points given, for allocations
    rank INTEGER,                     -- for rankings, the first choice is 1
    PRIMARY KEY (respondent_id, question_id, method, replicate, code),
    FOREIGN KEY (respondent_id, question_id, method, replicate)
        REFERENCES answers(respondent_id, question_id, method, replicate),
    FOREIGN KEY (question_id, code) REFERENCES options(question_id, code)
) WITHOUT ROWID;
CREATE TABLE distributions (
    respondent_id INTEGER NOT NULL, question_id INTEGER NOT NULL,
    method TEXT NOT NULL, replicate INTEGER NOT NULL,
    code INTEGER NOT NULL,
    probability REAL NOT NULL,
    logprobs TEXT,                    -- raw natural log-probabilities, JSON
    outside REAL,                     -- probability mass outside the options
    PRIMARY KEY (respondent_id, question_id, method, replicate, code)
) WITHOUT ROWID;
CREATE TABLE exchanges (
    cell_id INTEGER NOT NULL REFERENCES cells(id),
    subject_id INTEGER NOT NULL,      -- a respondent; for other steps what the step is about
    step TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    question_id INTEGER REFERENCES questions(id),
    ability TEXT NOT NULL,
    prompt TEXT NOT NULL,             -- JSON list of [role, text id]; bodies are in texts
    seed INTEGER NOT NULL,
    PRIMARY KEY (cell_id, subject_id, step, ordinal)
) WITHOUT ROWID;
CREATE TABLE attempts (
    cell_id INTEGER NOT NULL, subject_id INTEGER NOT NULL, step TEXT NOT NULL, ordinal INTEGER NOT NULL,
    attempt INTEGER NOT NULL,         -- from 1; the last one decides
    text TEXT,                        -- raw reply
    error TEXT, error_kind TEXT, finish_reason TEXT,
    prompt_tokens INTEGER, completion_tokens INTEGER,
    latency_s REAL,
    applied TEXT NOT NULL,            -- decoding really applied, JSON
    endpoint TEXT, logprob REAL,
    reasoning TEXT,                   -- what the model thought before it replied
    cached_tokens INTEGER,            -- of prompt_tokens: had in the provider's cache
    reasoning_tokens INTEGER,         -- of completion_tokens: thought, not replied
    cost REAL,                        -- in the currency of the model's prices; NULL without prices, or unknown
    PRIMARY KEY (cell_id, subject_id, step, ordinal, attempt),
    FOREIGN KEY (cell_id, subject_id, step, ordinal)
        REFERENCES exchanges(cell_id, subject_id, step, ordinal)
) WITHOUT ROWID;
CREATE TABLE answer_sources (
    respondent_id INTEGER NOT NULL, question_id INTEGER NOT NULL,
    method TEXT NOT NULL, replicate INTEGER NOT NULL,
    cell_id INTEGER NOT NULL, subject_id INTEGER NOT NULL, step TEXT NOT NULL, ordinal INTEGER NOT NULL,
    place INTEGER NOT NULL DEFAULT 0, -- position in the reply, when one reply holds several answers
    PRIMARY KEY (respondent_id, question_id, method, replicate, cell_id, subject_id, step, ordinal, place)
) WITHOUT ROWID;
CREATE TABLE texts (
    id TEXT PRIMARY KEY,              -- first 96 bits of the SHA-256 of the body, hex
    body BLOB NOT NULL                -- text, or (as a blob) its zlib compression when long
) WITHOUT ROWID;
CREATE TABLE reference_counts (
    question_id INTEGER NOT NULL REFERENCES questions(id),
    groups TEXT NOT NULL,             -- JSON object: grouping -> level
    code INTEGER,                     -- NULL: people without a substantive answer
    count REAL NOT NULL
);
CREATE INDEX reference_by_question ON reference_counts(question_id);
CREATE TABLE resolutions (            -- what a person decided about an answer; answers stay as they are
    respondent_id INTEGER NOT NULL, question_id INTEGER NOT NULL,
    method TEXT NOT NULL, replicate INTEGER NOT NULL,
    code INTEGER,                     -- NULL: still invalid
    by TEXT NOT NULL, at TEXT NOT NULL
);
CREATE TABLE judgements (
    respondent_id INTEGER NOT NULL, question_id INTEGER NOT NULL,
    method TEXT NOT NULL, replicate INTEGER NOT NULL,
    judge TEXT NOT NULL, dimension TEXT NOT NULL, verdict TEXT, analysis TEXT,
    PRIMARY KEY (respondent_id, question_id, method, replicate, judge, dimension)
) WITHOUT ROWID;
CREATE TABLE demonstrations (
    cell_id INTEGER NOT NULL, subject_id INTEGER NOT NULL, step TEXT NOT NULL, ordinal INTEGER NOT NULL,
    position INTEGER NOT NULL, question_id INTEGER NOT NULL, statement TEXT NOT NULL,
    PRIMARY KEY (cell_id, subject_id, step, ordinal, position)
) WITHOUT ROWID;
CREATE TABLE known_answers (
    persona_id INTEGER NOT NULL REFERENCES personas(id), question_id INTEGER NOT NULL REFERENCES questions(id),
    code INTEGER, PRIMARY KEY (persona_id, question_id)
) WITHOUT ROWID;
CREATE TABLE scenes (
    id INTEGER PRIMARY KEY, question_id INTEGER NOT NULL REFERENCES questions(id), text TEXT NOT NULL, origin TEXT
);
CREATE TABLE actions (
    scene_id INTEGER NOT NULL REFERENCES scenes(id), pole TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (scene_id, pole)
) WITHOUT ROWID;
CREATE TABLE batches (
    id TEXT PRIMARY KEY, model_id INTEGER NOT NULL REFERENCES models(id), step TEXT NOT NULL,
    state TEXT NOT NULL, submitted TEXT, ingested TEXT
);
"""

VIEWS = """
CREATE VIEW responses AS              -- one tidy row an answer and chosen option
SELECT c.name AS cell, c.condition, m.name AS model, c.language, a.respondent_id, r.persona_id,
       q.name AS question, q.kind, a.method, a.replicate, a.status, o.code, o.label, o.kind AS option_kind,
       ao.rank, ao.amount, a.value, a.text, a.reason, p.attributes, p.country, p.state, p.city, p.weight
FROM answers a
JOIN respondents r ON r.id = a.respondent_id
JOIN personas p ON p.id = r.persona_id
JOIN cells c ON c.id = r.cell_id
JOIN models m ON m.id = c.model_id
JOIN questions q ON q.id = a.question_id
LEFT JOIN answer_options ao USING (respondent_id, question_id, method, replicate)
LEFT JOIN options o ON o.question_id = a.question_id AND o.code = ao.code;

CREATE VIEW question_summary AS       -- how every question ended, by cell
SELECT c.name AS cell, q.name AS question, a.method, sum(a.status <> 'skipped') AS asked,
       sum(a.status = 'answered') AS answered, sum(a.status = 'refused') AS refused,
       sum(a.status = 'invalid') AS invalid, sum(a.status = 'failed') AS failed, sum(a.status = 'skipped') AS skipped
FROM answers a
JOIN respondents r ON r.id = a.respondent_id
JOIN cells c ON c.id = r.cell_id
JOIN questions q ON q.id = a.question_id
GROUP BY c.id, q.id, a.method;

CREATE VIEW interview AS              -- one respondent's whole conversation, as each prompt stood
SELECT e.cell_id, e.subject_id AS respondent_id, e.step, e.ordinal, q.name AS question,
       turn.key AS turn, turn.value ->> 0 AS role, t.body AS text
FROM exchanges e
LEFT JOIN questions q ON q.id = e.question_id
JOIN json_each(e.prompt) AS turn
LEFT JOIN texts t ON t.id = turn.value ->> 1
WHERE e.step <> 'judge'               -- what a judge was asked about a respondent is no conversation with it
UNION ALL
SELECT e.cell_id, e.subject_id, e.step, e.ordinal, q.name, 1000000 + a.attempt, 'reply', a.text
FROM attempts a
JOIN exchanges e USING (cell_id, subject_id, step, ordinal)
LEFT JOIN questions q ON q.id = e.question_id
WHERE e.step <> 'judge';

CREATE VIEW answer_costs AS           -- what an answer took, all that led to it included: `again` and `rewrite`
WITH placed AS (                      -- 100 n + k belong to n, and so do draft, critique, list and vote n
    SELECT cell_id, subject_id, step AS own_step, ordinal AS own_ordinal,
           CASE WHEN step = 'again' THEN 'answer' WHEN step IN ('draft', 'critique', 'list', 'vote') THEN 'rewrite'
                ELSE step END AS step,
           iif(step IN ('again', 'rewrite', 'paraphrase', 'translate'), ordinal / 100, ordinal) AS ordinal
    FROM exchanges
), calls AS (                         -- a call that several answers were read from counts in equal parts
    SELECT p.cell_id, p.subject_id, p.step, p.ordinal, count(*) AS attempts,
           sum(prompt_tokens) AS prompt_tokens, sum(cached_tokens) AS cached_tokens,
           sum(completion_tokens) AS completion_tokens, sum(reasoning_tokens) AS reasoning_tokens, sum(cost) AS cost
    FROM placed p JOIN attempts a ON a.cell_id = p.cell_id AND a.subject_id = p.subject_id
        AND a.step = p.own_step AND a.ordinal = p.own_ordinal
    GROUP BY 1, 2, 3, 4
), sources AS (
    SELECT DISTINCT s.respondent_id, s.question_id, s.method, s.replicate, p.cell_id, p.subject_id, p.step, p.ordinal
    FROM answer_sources s JOIN placed p ON p.cell_id = s.cell_id AND p.subject_id = s.subject_id
        AND p.own_step = s.step AND p.own_ordinal = s.ordinal
), readers AS (
    SELECT cell_id, subject_id, step, ordinal, count(*) AS n FROM sources GROUP BY 1, 2, 3, 4
)
SELECT s.respondent_id, q.name AS question, s.method, s.replicate, sum(c.attempts) AS attempts,
       sum(c.prompt_tokens * 1.0 / d.n) AS prompt_tokens, sum(c.cached_tokens * 1.0 / d.n) AS cached_tokens,
       sum(c.completion_tokens * 1.0 / d.n) AS completion_tokens,
       sum(c.reasoning_tokens * 1.0 / d.n) AS reasoning_tokens, sum(c.cost / d.n) AS cost
FROM sources s
JOIN calls c USING (cell_id, subject_id, step, ordinal)
JOIN readers d USING (cell_id, subject_id, step, ordinal)
JOIN questions q ON q.id = s.question_id
GROUP BY s.respondent_id, s.question_id, s.method, s.replicate;

CREATE VIEW cell_costs AS             -- what a cell took, tries that failed included
SELECT c.name AS cell, count(DISTINCT a.subject_id || ' ' || a.step || ' ' || a.ordinal) AS calls,
       count(*) AS attempts, sum(a.error IS NOT NULL) AS errors,
       sum(a.prompt_tokens) AS prompt_tokens, sum(a.cached_tokens) AS cached_tokens,
       sum(a.completion_tokens) AS completion_tokens, sum(a.reasoning_tokens) AS reasoning_tokens,
       sum(a.cost) AS cost, m.config ->> '$.prices.currency' AS currency
FROM attempts a
JOIN cells c ON c.id = a.cell_id
JOIN models m ON m.id = c.model_id
GROUP BY c.id;
"""
