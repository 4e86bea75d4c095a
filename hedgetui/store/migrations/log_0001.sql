-- Log lines and samples. AUTOINCREMENT: a place is never given twice, even after pruning.

CREATE TABLE log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  level TEXT NOT NULL,
  text TEXT NOT NULL,
  why TEXT NOT NULL
);
CREATE INDEX log_by_time ON log (at);

CREATE TABLE samples (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  index_level REAL,
  option_delta REAL,
  net_delta REAL,
  net_pnl REAL
);
CREATE INDEX samples_by_time ON samples (at);
