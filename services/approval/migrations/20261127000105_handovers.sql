-- migrate:up
ALTER TABLE incoming DROP CONSTRAINT incoming_pkey, ADD PRIMARY KEY (case_no, handover_no);
COMMENT ON TABLE incoming IS 'Which cases are offered to a body, or taken by it and not accepted yet? One that is offered on keeps the row of its holder.';

-- migrate:down
DELETE FROM incoming i USING incoming o WHERE o.case_no = i.case_no AND i.taken_at IS NOT NULL AND o.taken_at IS NULL;
ALTER TABLE incoming DROP CONSTRAINT incoming_pkey, ADD PRIMARY KEY (case_no);
COMMENT ON TABLE incoming IS 'Which cases are offered to a body, or taken by it and not accepted yet?';
