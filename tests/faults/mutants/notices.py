"""Mutants of telling people: one message for each cause, and at most one hand-over for each attempt."""

from __future__ import annotations

from tests.faults.mutants.mutant import Edit, Mutant, Schedules, suite

_SENDER = "services/notify/sender.py"
_POLICY = "services/notify/policy.py"
_OUTGOING = "services/notify/outgoing.py"
_MESSAGE_TESTS = "integration/notify/test_a_person_gets_each_message_once.py"

MUTANTS = (
    Mutant(
        "message-without-identity",
        "one message is owed for each cause",
        "ruling 28",
        (
            Edit(
                _POLICY,
                'identity = intent_id(event.id, template, "applicant", "email")',
                'identity = __import__("uuid").uuid4()',
            ),
        ),
        (suite("unit/notify"),),
    ),
    Mutant(
        "two-messages-for-one-cause",
        "the table holds one message for each cause, template, recipient and channel",
        "ruling 28",
        (
            Edit(
                "services/notify/migrations/20261101000201_notify.sql",
                ",\n    CONSTRAINT one_for_each_cause UNIQUE (cause_event, template, recipient_role, channel)",
                "",
            ),
        ),
        (suite(f"{_MESSAGE_TESTS}::test_one_cause_owes_one_message_whatever_its_key"),),
    ),
    Mutant(
        "handed-over-before-the-commit",
        "an attempt is committed before anybody is called",
        "ruling 28",
        (
            Edit(
                _SENDER,
                "return await outgoing.take(tx, BATCH, self._unknown_after_s)",
                "taken = await outgoing.take(tx, BATCH, self._unknown_after_s)\n"
                "            for attempt in taken:\n"
                "                await self._attempt(attempt)\n"
                "            return []",
            ),
        ),
        (Schedules("notices", 200),),
    ),
    Mutant(
        "repeated-under-a-new-key",
        "an attempt in doubt is repeated under its own key",
        "ruling 28",
        (
            Edit(
                _SENDER,
                "self._provider.send(attempt.intent_id,",
                'self._provider.send(reaction_id(attempt.intent_id, "key", attempt.number),',
            ),
        ),
        (Schedules("notices", 50),),
    ),
    Mutant(
        "repeated-without-asking",
        "a carrier that can tell is asked before a message is repeated",
        "ruling 28",
        (Edit(_SENDER, "if attempt.unknown and (known :=", "if False and (known :="),),
        (suite(f"{_MESSAGE_TESTS}::test_a_provider_that_can_tell_is_asked_before_repeating"),),
    ),
    Mutant(
        "attempt-in-doubt-given-up",
        "an attempt whose end nobody recorded is taken up again",
        "ruling 28",
        (Edit(_OUTGOING, "OR (state = 'sending' AND sending_since <", "OR (state = 'nothing' AND sending_since <"),),
        (suite(f"{_MESSAGE_TESTS}::test_a_crash_after_the_call_repeats_under_the_same_key_and_says_so"),),
    ),
    Mutant(
        "attempt-of-yesterday-has-a-say",
        "an attempt that was taken up again has no say",
        "ruling 28",
        (Edit(_OUTGOING, "WHERE intent_id = $1 AND state = 'sending' AND attempt = $4", "WHERE intent_id = $1 AND $4::int > 0"),),
        (suite(_MESSAGE_TESTS),),
    ),
    Mutant(
        "history-is-announced",
        "nobody gets a letter about what was entered afterwards",
        "ruling 40",
        (Edit(_POLICY, "history = event.known < event.recorded", "history = False"),),
        (suite("unit/notify"),),
    ),
)
