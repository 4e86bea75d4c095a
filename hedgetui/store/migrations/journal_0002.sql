-- A combo order trades several contracts and names them all in its key, ' + ' between them. It holds
-- the slot of each: nothing else may work on one of its legs, and it may not work beside them.
CREATE TRIGGER one_live_of_a_leg BEFORE INSERT ON intents
WHEN NEW.state IN ('SENDING', 'WORKING', 'PARTIAL', 'CANCELLING', 'UNKNOWN')
  AND EXISTS (
    SELECT 1
    FROM intents AS other,
      json_each('[' || replace(json_quote(other.instrument_key), ' + ', '","') || ']') AS theirs,
      json_each('[' || replace(json_quote(NEW.instrument_key), ' + ', '","') || ']') AS ours
    WHERE other.account = NEW.account
      AND other.strategy = NEW.strategy
      AND other.state IN ('SENDING', 'WORKING', 'PARTIAL', 'CANCELLING', 'UNKNOWN')
      AND other.instrument_key <> NEW.instrument_key
      AND theirs.value = ours.value)
BEGIN
  SELECT RAISE(ABORT, 'slot: a live order trades one of the legs');
END;
