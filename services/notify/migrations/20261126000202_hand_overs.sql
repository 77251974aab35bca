-- migrate:up
-- An attempt is a hand-over, and who has a message has it until next_attempt_at. Asking in vain for an address counted before.
UPDATE intent SET next_attempt_at = sending_since + interval '60 seconds' WHERE state = 'sending';
UPDATE intent SET attempt = 0 WHERE state IN ('waiting', 'sending') AND attempt > 5;
ALTER TABLE intent DROP COLUMN sending_since;

-- migrate:down
ALTER TABLE intent ADD COLUMN sending_since timestamptz;
UPDATE intent SET sending_since = clock_timestamp() WHERE state = 'sending';
