-- The journal: facts in one append-only, hash-chained table. Everything else in this file is kept
-- by triggers, so one INSERT is the fact, the intent row and the slot check, all or none.

CREATE TABLE about (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  profile TEXT NOT NULL
);

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  at REAL NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
);

CREATE TABLE intents (
  intent_id TEXT PRIMARY KEY,
  client_key TEXT UNIQUE NOT NULL,
  number INTEGER NOT NULL,
  account TEXT NOT NULL,
  strategy TEXT NOT NULL,
  instrument_key TEXT NOT NULL,
  purpose TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
  quantity INTEGER NOT NULL CHECK (typeof(quantity) = 'integer' AND quantity > 0),
  order_type TEXT NOT NULL,
  limit_price TEXT,
  tif TEXT NOT NULL,
  good_till REAL,
  trade_id TEXT,
  reason TEXT NOT NULL,
  position_before INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  session INTEGER NOT NULL,
  created_at REAL NOT NULL,
  recorded_seq INTEGER NOT NULL,
  moved_seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  filled INTEGER NOT NULL CHECK (typeof(filled) = 'integer' AND filled >= 0),
  broker_order TEXT NOT NULL,
  cancel_wanted INTEGER NOT NULL
) WITHOUT ROWID;

-- One decision is at most one order: the second live intent of a slot cannot be written.
CREATE UNIQUE INDEX one_live ON intents (account, strategy, instrument_key)
  WHERE state IN ('SENDING', 'WORKING', 'PARTIAL', 'CANCELLING', 'UNKNOWN');

CREATE TABLE fills (
  exec_id TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  intent_id TEXT NOT NULL,
  instrument_key TEXT NOT NULL,
  side TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (typeof(quantity) = 'integer'),
  price TEXT NOT NULL,
  executed_at REAL NOT NULL,
  seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX fills_of_intent ON fills (intent_id);

-- Who wrote when. Process ids differ between two equal runs, so this is never part of the hash.
CREATE TABLE runs (
  epoch INTEGER PRIMARY KEY,
  started REAL NOT NULL,
  ended REAL,
  status TEXT NOT NULL CHECK (status IN ('Running', 'Ended', 'CrashedRecovered')),
  pid INTEGER NOT NULL,
  host TEXT NOT NULL
);

CREATE TRIGGER run_began AFTER INSERT ON runs BEGIN
  UPDATE runs SET status = 'CrashedRecovered' WHERE status = 'Running' AND epoch < NEW.epoch;
END;

CREATE TRIGGER events_never_change BEFORE UPDATE ON events BEGIN
  SELECT RAISE(ABORT, 'append-only: events');
END;

CREATE TRIGGER events_never_vanish BEFORE DELETE ON events BEGIN
  SELECT RAISE(ABORT, 'append-only: events');
END;

CREATE TRIGGER events_continue BEFORE INSERT ON events
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
  OR NEW.prev_hash IS NOT coalesce(
    (SELECT hash FROM events ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
BEGIN
  SELECT RAISE(ABORT, 'chain: another writer was here');
END;

CREATE TRIGGER intents_never_vanish BEFORE DELETE ON intents BEGIN
  SELECT RAISE(ABORT, 'append-only: intents');
END;

CREATE TRIGGER intents_keep_identity BEFORE UPDATE OF
  intent_id, client_key, account, strategy, instrument_key, side, quantity, recorded_seq ON intents
BEGIN
  SELECT RAISE(ABORT, 'append-only: intents');
END;

CREATE TRIGGER fills_never_vanish BEFORE DELETE ON fills BEGIN
  SELECT RAISE(ABORT, 'append-only: fills');
END;

CREATE TRIGGER intent_recorded AFTER INSERT ON events WHEN NEW.kind = 'IntentRecorded' BEGIN
  INSERT INTO intents VALUES (
    json_extract(NEW.payload, '$.intent.intent_id'),
    json_extract(NEW.payload, '$.intent.client_key'),
    json_extract(NEW.payload, '$.intent.number'),
    json_extract(NEW.payload, '$.intent.account'),
    json_extract(NEW.payload, '$.intent.strategy'),
    json_extract(NEW.payload, '$.intent.draft.instrument_key'),
    json_extract(NEW.payload, '$.intent.draft.purpose'),
    json_extract(NEW.payload, '$.intent.draft.side'),
    json_extract(NEW.payload, '$.intent.draft.quantity'),
    json_extract(NEW.payload, '$.intent.draft.order_type'),
    json_extract(NEW.payload, '$.intent.draft.limit_price'),
    json_extract(NEW.payload, '$.intent.draft.tif'),
    json_extract(NEW.payload, '$.intent.draft.good_till'),
    json_extract(NEW.payload, '$.intent.draft.trade_id'),
    json_extract(NEW.payload, '$.intent.draft.reason'),
    json_extract(NEW.payload, '$.intent.position_before'),
    json_extract(NEW.payload, '$.intent.epoch'),
    json_extract(NEW.payload, '$.intent.session'),
    json_extract(NEW.payload, '$.intent.created_at'),
    NEW.seq,
    NEW.seq,
    json_extract(NEW.payload, '$.intent.state'),
    json_extract(NEW.payload, '$.intent.filled'),
    json_extract(NEW.payload, '$.intent.broker_order'),
    json_extract(NEW.payload, '$.intent.cancel_wanted')
  );
END;

CREATE TRIGGER intent_moved AFTER INSERT ON events WHEN NEW.kind = 'IntentMoved' BEGIN
  SELECT RAISE(ABORT, 'moved: the intent is not in the state it is said to leave')
  WHERE NOT EXISTS (
    SELECT 1 FROM intents
    WHERE intent_id = json_extract(NEW.payload, '$.intent_id')
      AND state = json_extract(NEW.payload, '$.before'));
  UPDATE intents SET
    state = json_extract(NEW.payload, '$.after'),
    filled = json_extract(NEW.payload, '$.filled'),
    broker_order = coalesce(
      nullif(json_extract(NEW.payload, '$.broker_order'), ''), broker_order),
    cancel_wanted = json_extract(NEW.payload, '$.cancel_wanted'),
    moved_seq = NEW.seq
  WHERE intent_id = json_extract(NEW.payload, '$.intent_id');
END;

-- A fill is the broker's truth and never refused; a higher revision replaces the lower one.
CREATE TRIGGER fill_booked AFTER INSERT ON events WHEN NEW.kind = 'FillBooked' BEGIN
  INSERT INTO fills VALUES (
    json_extract(NEW.payload, '$.exec_id'),
    json_extract(NEW.payload, '$.revision'),
    json_extract(NEW.payload, '$.intent_id'),
    json_extract(NEW.payload, '$.instrument_key'),
    json_extract(NEW.payload, '$.side'),
    json_extract(NEW.payload, '$.quantity'),
    json_extract(NEW.payload, '$.price'),
    json_extract(NEW.payload, '$.executed_at'),
    NEW.seq
  )
  ON CONFLICT (exec_id) DO UPDATE SET
    revision = excluded.revision,
    intent_id = excluded.intent_id,
    instrument_key = excluded.instrument_key,
    side = excluded.side,
    quantity = excluded.quantity,
    price = excluded.price,
    executed_at = excluded.executed_at,
    seq = excluded.seq
  WHERE excluded.revision > fills.revision;
END;
