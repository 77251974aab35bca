-- migrate:up
CREATE TABLE thing_name (
    basic_code text NOT NULL,
    name_zh    text NOT NULL,
    name_en    text NOT NULL,
    sought     text NOT NULL GENERATED ALWAYS AS
        (E'\n' || lower(normalize(basic_code || E'\n' || name_zh || E'\n' || name_en, NFKC)) || E'\n') STORED,
    PRIMARY KEY (basic_code, name_zh, name_en)
);
COMMENT ON TABLE thing_name IS 'By what names do the items of a thing go? A text is compared with these, not with every item.';
INSERT INTO thing_name (basic_code, name_zh, name_en)
    SELECT DISTINCT basic_code, fact::jsonb ->> 'name_zh', fact::jsonb ->> 'name_en' FROM item;
GRANT SELECT, INSERT ON thing_name TO runonce_app;

ALTER TABLE body ADD COLUMN sought text NOT NULL GENERATED ALWAYS AS
    (E'\n' || lower(normalize(body_uscc || E'\n' || (fact::jsonb ->> 'name_zh') || E'\n' || (fact::jsonb ->> 'name_en'), NFKC))
        || E'\n') STORED;

-- What is in force is seen in the index alone: a word may mean the items of a thousand things at a hundred bodies.
DROP INDEX item_thing;
CREATE INDEX item_thing ON item (basic_code, body_region, item_code) INCLUDE (version, effective_from, retired_from);

-- migrate:down
DROP INDEX item_thing;
CREATE INDEX item_thing ON item (basic_code, body_region, item_code);
ALTER TABLE body DROP COLUMN sought;
DROP TABLE thing_name;
