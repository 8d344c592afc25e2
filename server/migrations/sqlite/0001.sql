CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- A deleted account keeps its row, so that nobody else ever gets its login.
CREATE TABLE accounts (
    login TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

-- `kind` leaves room for others than passwords.
CREATE TABLE credentials (
    login TEXT NOT NULL REFERENCES accounts (login),
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (login, kind)
) STRICT;

CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    service TEXT NOT NULL,
    login TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_person ON sessions (service, login);
CREATE INDEX sessions_by_seen_at ON sessions (seen_at);

-- The parameters are encrypted, and gone once the owner's account is; the slug stays taken.
CREATE TABLE defaults (
    slug TEXT PRIMARY KEY,
    params BLOB,
    owner TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX defaults_by_owner ON defaults (owner);

-- `ordinal` makes sure that of several instances that add a key at once, one does. The private key is encrypted, and gone
-- once it signs no more.
CREATE TABLE signing_keys (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    public_jwks TEXT NOT NULL,
    private_key BLOB,
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- The notification is encrypted, and gone once it is finished.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    notification BLOB,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    finished_at INTEGER,
    outcome TEXT,
    person TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE finished_at IS NULL;
CREATE INDEX outbox_by_person ON outbox (person) WHERE finished_at IS NULL;
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE finished_at IS NOT NULL;

-- `full_at` is the theoretical arrival time of GCRA, in milliseconds.
CREATE TABLE limits (
    name TEXT PRIMARY KEY,
    full_at INTEGER NOT NULL
) STRICT;
CREATE INDEX limits_by_full_at ON limits (full_at);
