-- migrate:up
-- Whether a body decides anything is asked of every body; without this all items are gone through for each.
CREATE INDEX published_name_item ON published_name (body) WHERE kind = 'item';

-- migrate:down
DROP INDEX published_name_item;
