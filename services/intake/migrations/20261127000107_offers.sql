-- migrate:up
UPDATE case_index SET offered_body = NULL, offered_region = NULL
    WHERE offered_body IS NOT NULL AND situation IN ('withdrawn', 'not-accepted', 'accepted', 'decided', 'delivered');

-- migrate:down
