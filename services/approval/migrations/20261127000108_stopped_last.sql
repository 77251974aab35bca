-- migrate:up
CREATE INDEX worklist_urgent ON worklist (body, (situation = 'suspended'), promised_due, case_no)
    WHERE situation IN ('running', 'suspended');
DROP INDEX worklist_due;

-- migrate:down
CREATE INDEX worklist_due ON worklist (body, promised_due) WHERE situation IN ('running', 'suspended');
DROP INDEX worklist_urgent;
