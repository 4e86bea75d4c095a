-- Actions of the defence: one row each, kept by triggers from the facts that plan and move them.

CREATE TABLE actions (
  action_id TEXT PRIMARY KEY,
  trade INTEGER NOT NULL,
  kind TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  magic INTEGER NOT NULL,
  request TEXT NOT NULL,
  volume TEXT NOT NULL,
  position INTEGER NOT NULL,
  rule TEXT NOT NULL,
  planned_at REAL NOT NULL,
  planned_seq INTEGER NOT NULL,
  moved_seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  retcode INTEGER,
  ticket INTEGER NOT NULL,
  filled TEXT NOT NULL
) WITHOUT ROWID;

-- A repeated plan of the same cycle is the same action, whatever it calls itself.
CREATE UNIQUE INDEX one_action_of_a_cycle ON actions (trade, kind, cycle);

-- One action in flight for each symbol: the second cannot be written, so it cannot be sent.
CREATE UNIQUE INDEX one_live_action ON actions (symbol)
  WHERE state IN ('PLANNED', 'SENT', 'UNKNOWN');

CREATE TRIGGER actions_never_vanish BEFORE DELETE ON actions BEGIN
  SELECT RAISE(ABORT, 'append-only: actions');
END;

CREATE TRIGGER actions_keep_identity BEFORE UPDATE OF
  action_id, trade, kind, cycle, symbol, magic, request, volume, position, planned_seq ON actions
BEGIN
  SELECT RAISE(ABORT, 'append-only: actions');
END;

CREATE TRIGGER action_planned AFTER INSERT ON events WHEN NEW.kind = 'ActionPlanned' BEGIN
  SELECT RAISE(ABORT, 'moved: an action begins as PLANNED')
  WHERE json_extract(NEW.payload, '$.action.state') IS NOT 'PLANNED';
  INSERT INTO actions VALUES (
    json_extract(NEW.payload, '$.action.action_id'),
    json_extract(NEW.payload, '$.action.trade'),
    json_extract(NEW.payload, '$.action.kind'),
    json_extract(NEW.payload, '$.action.cycle'),
    json_extract(NEW.payload, '$.action.symbol'),
    json_extract(NEW.payload, '$.action.magic'),
    json_extract(NEW.payload, '$.action.request'),
    json_extract(NEW.payload, '$.action.volume'),
    json_extract(NEW.payload, '$.action.position'),
    json_extract(NEW.payload, '$.action.rule'),
    json_extract(NEW.payload, '$.action.planned_at'),
    NEW.seq,
    NEW.seq,
    json_extract(NEW.payload, '$.action.state'),
    json_extract(NEW.payload, '$.action.retcode'),
    json_extract(NEW.payload, '$.action.ticket'),
    json_extract(NEW.payload, '$.action.filled')
  );
END;

CREATE TRIGGER action_moved AFTER INSERT ON events WHEN NEW.kind = 'ActionMoved' BEGIN
  SELECT RAISE(ABORT, 'moved: the action is not in the state it is said to leave')
  WHERE NOT EXISTS (
    SELECT 1 FROM actions
    WHERE action_id = json_extract(NEW.payload, '$.action_id')
      AND state = json_extract(NEW.payload, '$.before'));
  SELECT RAISE(ABORT, 'moved: no evidence takes an action there')
  WHERE json_extract(NEW.payload, '$.before') || '>' || json_extract(NEW.payload, '$.after')
    NOT IN (
      'PLANNED>SENT', 'PLANNED>FAILED', 'SENT>DONE', 'SENT>FAILED', 'SENT>UNKNOWN',
      'UNKNOWN>DONE', 'UNKNOWN>FAILED');
  UPDATE actions SET
    state = json_extract(NEW.payload, '$.after'),
    retcode = coalesce(json_extract(NEW.payload, '$.retcode'), retcode),
    ticket = coalesce(nullif(json_extract(NEW.payload, '$.ticket'), 0), ticket),
    filled = coalesce(json_extract(NEW.payload, '$.filled'), filled),
    moved_seq = NEW.seq
  WHERE action_id = json_extract(NEW.payload, '$.action_id');
END;
