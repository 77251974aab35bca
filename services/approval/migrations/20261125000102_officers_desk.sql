-- migrate:up
ALTER TABLE worklist
    ADD COLUMN basis text,
    ADD COLUMN expected_wd integer,
    ADD COLUMN document_no text,
    ADD COLUMN officer_ref text,
    ADD COLUMN reason_codes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN remedies text[] NOT NULL DEFAULT '{}';
CREATE INDEX worklist_decided ON worklist (body, decided_at) WHERE decided_at IS NOT NULL;

CREATE TABLE incoming (
    case_no     text PRIMARY KEY,
    journey     uuid NOT NULL,
    handover_no text NOT NULL,
    item_code   text NOT NULL,
    from_body   text NOT NULL,
    from_region text NOT NULL,
    to_body     text NOT NULL,
    medium      text NOT NULL,
    due         date NOT NULL,
    offered_at  timestamptz NOT NULL,
    taken_at    timestamptz
);
CREATE INDEX incoming_to ON incoming (to_body, due);
COMMENT ON TABLE incoming IS 'Which cases are offered to a body, or taken by it and not accepted yet?';

CREATE TABLE published_name (
    kind    text NOT NULL CHECK (kind IN ('item', 'body')),
    code    text NOT NULL,
    body    text NOT NULL,
    region  text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    PRIMARY KEY (kind, code)
);
COMMENT ON TABLE published_name IS 'What are items and bodies called? As the catalogue says it last.';
GRANT SELECT, INSERT, UPDATE, DELETE ON incoming, published_name TO runonce_app;

-- migrate:down
DROP TABLE incoming, published_name;
DROP INDEX worklist_decided;
ALTER TABLE worklist DROP COLUMN basis, DROP COLUMN expected_wd, DROP COLUMN document_no, DROP COLUMN officer_ref,
    DROP COLUMN reason_codes, DROP COLUMN remedies;
