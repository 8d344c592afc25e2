-- `id` is the user id of the service, and says who somebody is. An address is data: it changes, and may change hands.
CREATE TABLE IF NOT EXISTS users (
  id TEXT PRIMARY KEY NOT NULL,
  email TEXT
) STRICT;

-- With AUTOINCREMENT no id comes again: an old invitation never opens another team.
CREATE TABLE IF NOT EXISTS teams (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS members (
  team_id INTEGER NOT NULL REFERENCES teams (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  PRIMARY KEY (team_id, user_id)
) STRICT;

-- The invitations that were used. Of two requests at once, the primary key lets one succeed.
CREATE TABLE IF NOT EXISTS used_links (
  key BLOB PRIMARY KEY NOT NULL,
  keep_until INTEGER NOT NULL
) STRICT;
