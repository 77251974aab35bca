-- migrate:up
ALTER TABLE item ADD COLUMN basic_code text NOT NULL GENERATED ALWAYS AS (fact::jsonb ->> 'basic_code') STORED,
    ADD COLUMN body_region text NOT NULL GENERATED ALWAYS AS (fact::jsonb ->> 'body_region') STORED;
CREATE INDEX item_thing ON item (basic_code, body_region, item_code);
CREATE INDEX venue_item ON venue USING gin ((fact::jsonb -> 'item_codes'));

-- migrate:down
DROP INDEX venue_item;
ALTER TABLE item DROP COLUMN basic_code, DROP COLUMN body_region;
