-- migrate:up
CREATE INDEX intent_state ON intent (state, requested_at DESC);
CREATE INDEX intent_unconfirmed ON intent (requested_at DESC) WHERE state = 'failed' AND reason_code = 'unconfirmed';

-- migrate:down
DROP INDEX intent_state, intent_unconfirmed;
