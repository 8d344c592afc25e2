CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);

-- A deleted account keeps its row, so that nobody else ever gets its login.
CREATE TABLE accounts (
    login TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);

-- `kind` leaves room for others than passwords.
CREATE TABLE credentials (
    login TEXT NOT NULL REFERENCES accounts (login),
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (login, kind)
);

CREATE TABLE sessions (
    id BYTEA PRIMARY KEY,
    service TEXT NOT NULL,
    login TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (service, login);
CREATE INDEX sessions_by_seen_at ON sessions (seen_at);

-- The parameters are encrypted, and gone once the owner's account is; the slug stays taken.
CREATE TABLE defaults (
    slug TEXT PRIMARY KEY,
    params BYTEA,
    owner TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX defaults_by_owner ON defaults (owner);

-- `ordinal` makes sure that of several instances that add a key at once, one does. The private key is encrypted, and gone
-- once it signs no more.
CREATE TABLE signing_keys (
    ordinal BIGINT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    public_jwks TEXT NOT NULL,
    private_key BYTEA,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    revoked_at BIGINT
);

-- The notification is encrypted, and gone once it is finished.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    notification BYTEA,
    created_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    finished_at BIGINT,
    outcome TEXT,
    person TEXT NOT NULL
);
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE finished_at IS NULL;
CREATE INDEX outbox_by_person ON outbox (person) WHERE finished_at IS NULL;
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE finished_at IS NOT NULL;

-- `full_at` is the theoretical arrival time of GCRA, in milliseconds.
CREATE TABLE limits (
    name TEXT PRIMARY KEY,
    full_at BIGINT NOT NULL
);
CREATE INDEX limits_by_full_at ON limits (full_at);
