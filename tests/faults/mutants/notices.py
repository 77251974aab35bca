"""Mutants of telling people: one message for each cause, and at most one hand-over for each attempt."""

from __future__ import annotations

from tests.faults.mutants.mutant import Edit, Mutant, Schedules, suite

_SENDER = "services/notify/sender.py"
_POLICY = "services/notify/policy.py"
_OUTGOING = "services/notify/outgoing.py"
_MESSAGE_TESTS = "integration/notify/test_a_person_gets_each_message_once.py"

MUTANTS = (
    Mutant(
        "owed-since-it-happened",
        "a message is owed since its cause was known, however long ago that happened",
        "ruling 40",
        (Edit(_OUTGOING, "            event.known,", "            event.time,"),),
        (suite(f"{_MESSAGE_TESTS}::test_what_happened_long_ago_and_was_heard_of_today_waits_no_longer_than_the_rest"),),
    ),
    Mutant(
        "one-citys-messages-before-all-others",
        "cities take turns, however many messages one of them owes",
        "F24",
        (Edit(_OUTGOING, "FROM due ORDER BY turn, next_attempt_at LIMIT", "FROM due ORDER BY next_attempt_at LIMIT"),),
        (suite("integration/notify/test_no_city_waits_for_another.py"),),
    ),
    Mutant(
        "repeated-at-every-death",
        "what may be with its person already is repeated once, also when nobody lives to say so",
        "ruling 28",
        (Edit(_OUTGOING, "repeated = state = 'sending'", "repeated = false"),),
        (suite(f"{_MESSAGE_TESTS}::test_whoever_dies_at_each_hand_over_writes_twice"), Schedules("notices", 400)),
    ),
    Mutant(
        "doubt-where-the-provider-can-tell",
        "a provider that can tell is given what it has not",
        "ruling 28",
        (Edit(_SENDER, "(taken.repeated and not self._provider.can_tell)", "taken.repeated"),),
        (suite(f"{_MESSAGE_TESTS}::test_a_provider_that_can_tell_is_given_what_it_has_not"),),
    ),
    Mutant(
        "put-off-to-a-time-to-come",
        "a message that was put off before a clock was set back is sent soon",
        "ruling 28",
        (
            Edit(
                _OUTGOING,
                "    WHERE state IN ('waiting', 'sending') AND next_attempt_at > statement_timestamp()",
                "    WHERE false AND next_attempt_at > now()",
            ),
        ),
        (suite(f"{_MESSAGE_TESTS}::test_what_was_put_off_before_a_clock_was_set_back_is_sent_soon"),),
    ),
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
                "return await outgoing.take(tx, AT_ONCE, self._unknown_after_s)",
                "taken = await outgoing.take(tx, AT_ONCE, self._unknown_after_s)\n"
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
        (Edit(_SENDER, "if known := await self._provider.find(taken.intent_id):", "if known := None:"),),
        (suite(f"{_MESSAGE_TESTS}::test_a_provider_that_can_tell_is_asked_before_repeating"),),
    ),
    Mutant(
        "attempt-in-doubt-given-up",
        "an attempt whose end nobody recorded is taken up again",
        "ruling 28",
        (Edit(_OUTGOING, "'sending') AND i.city = owing.city AND", "'waiting') AND i.city = owing.city AND"),),
        (suite(f"{_MESSAGE_TESTS}::test_a_crash_after_the_call_repeats_under_the_same_key_and_says_so"),),
    ),
    Mutant(
        "attempt-of-yesterday-has-a-say",
        "an attempt that was taken up again has no say",
        "ruling 28",
        (Edit(_OUTGOING, "WHERE intent_id = $1 AND next_attempt_at = $4", "WHERE intent_id = $1 AND $4::timestamptz IS NOT NULL"),),
        (suite(f"{_MESSAGE_TESTS}::test_an_attempt_that_was_taken_up_again_has_no_say"),),
    ),
    Mutant(
        "taken-by-somebody-else-and-sent",
        "whoever has a message no more hands nothing over",
        "ruling 28",
        (
            Edit(
                _OUTGOING,
                "WHERE intent_id = $1 AND next_attempt_at = $2 RETURNING",
                "WHERE intent_id = $1 AND $2 > now() - interval '1d' RETURNING",
            ),
        ),
        (suite(f"{_MESSAGE_TESTS}::test_what_somebody_else_took_meanwhile_is_left_to_him"),),
    ),
    Mutant(
        "asking-for-an-address-counts",
        "only a hand-over is an attempt",
        "ruling 28",
        (
            Edit(
                _OUTGOING,
                "SET next_attempt_at = clock_timestamp() + $2",
                "SET attempt = attempt + 1, next_attempt_at = clock_timestamp() + $2",
            ),
        ),
        (suite(f"{_MESSAGE_TESTS}::test_however_long_intake_is_away_no_attempt_is_counted"),),
    ),
    Mutant(
        "doubt-forgotten-while-the-provider-is-away",
        "an attempt in doubt is repeated once, and marked",
        "ruling 28",
        (Edit(_OUTGOING, "WHEN $5 THEN 'sending' ELSE", "WHEN $5 THEN 'waiting' ELSE"),),
        (suite(f"{_MESSAGE_TESTS}::test_a_doubt_outlives_a_provider_that_is_away"),),
    ),
    Mutant(
        "not-now-taken-for-never",
        "only a refusal that is meant for good ends a message",
        "ruling 28",
        (Edit("services/notify/providers.py", "recipient.code >= 500", "recipient.code >= 400"),),
        (suite(f"{_MESSAGE_TESTS}::test_an_address_is_refused_for_good_only_by_a_word_that_is_meant_so"),),
    ),
    Mutant(
        "history-is-announced",
        "nobody gets a letter about what was entered afterwards",
        "ruling 40",
        (Edit(_POLICY, "history = event.known < event.recorded", "history = False"),),
        (suite("unit/notify"),),
    ),
)
