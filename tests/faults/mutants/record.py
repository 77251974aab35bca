"""Mutants of writing: events, outbox, keys, times and the hands that hold the pen."""

from __future__ import annotations

from tests.faults.mutants.mutant import Edit, Mutant, Schedules, suite

_LOG = "shared/postgres/event_log.py"
_KEYS = "shared/postgres/idempotency.py"
_DOOR = "shared/runtime/answering.py"
_APPEND_TESTS = "integration/postgres/test_an_append_is_whole_or_not_at_all.py"
_TOGETHER_TESTS = "integration/runtime/test_whoever_is_answered_together_is_answered_as_if_alone.py"
_SHARE_TESTS = "integration/runtime/test_no_request_costs_more_than_its_share.py"
_HTTP_TESTS = "integration/intake/test_the_http_door_answers_in_problem_details.py"
_APPROVAL_CALENDARS = "services/approval/calendars.py"
_CALENDAR_TESTS = "integration/approval/test_a_published_calendar_moves_every_open_case.py"
_DESKS_TESTS = "integration/intake/test_two_desks_move_one_visit_once.py"

MUTANTS = (
    Mutant(
        "one-callers-crowd-first",
        "callers take turns at the door",
        "F24",
        (Edit(_DOOR, "key=lambda call: next(turn[call.key.scope])", "key=lambda call: 0"),),
        (suite(f"{_TOGETHER_TESTS}::test_whoever_asks_for_much_delays_himself_alone"),),
    ),
    Mutant(
        "all-places-for-one-caller",
        "however much some ask for, there is room for the next caller",
        "F24",
        (
            Edit(
                "shared/runtime/limits.py",
                "self._in_hand[who] >= IN_HAND_MAX - self._in_hand.total()",
                "self._in_hand.total() >= IN_HAND_MAX",
            ),
        ),
        (suite(f"{_SHARE_TESTS}::test_one_callers_crowd_leaves_room_for_the_next_caller"),),
    ),
    Mutant(
        "a-question-that-is-never-in-hand",
        "a question is counted whatever it says of a body",
        "F24",
        (Edit("shared/runtime/limits.py", ' and scope["method"] not in _WITHOUT_BODY', ""),),
        (suite(f"{_SHARE_TESTS}::test_a_question_is_in_hand_whatever_it_says_of_a_body"),),
    ),
    Mutant(
        "an-answer-before-the-disk",
        "what was answered is on the disk",
        "R38",
        (Edit("shared/postgres/pool.py", '        "synchronous_commit": "on",\n', ""),),
        (suite("integration/postgres/test_what_was_answered_is_on_the_disk.py"),),
    ),
    Mutant(
        "one-id-at-both-doors",
        "an id on a topic and a key of HTTP are two requests",
        "ruling 51",
        (Edit("shared/runtime/http.py", 'ingress_id(f"http:{caller.id}", key)', "ingress_id(caller.id, key)"),),
        (suite(_HTTP_TESTS),),
    ),
    Mutant(
        "record-asked-by-text",
        "whether an event is recorded is asked by its key",
        "R39",
        (Edit("shared/runtime/agreement.py", 'WHERE id = $1", UUID(event_id))', 'WHERE id::text = $1", str(UUID(event_id)))'),),
        (suite("integration/kafka/test_kafka_and_the_record_agree_or_nobody_goes_on.py"),),
    ),
    Mutant(
        "an-older-record-is-asked-for-at-start-alone",
        "a record that is replaced by an older one under a running service stops it",
        "R39",
        (Edit("shared/runtime/agreement.py", "if published.get(place, 0) < records:", "if False:"),),
        (
            suite(
                "integration/kafka/test_kafka_and_the_record_agree_or_nobody_goes_on.py"
                "::test_an_older_record_is_noticed_also_after_it_has_published_more"
            ),
        ),
    ),
    Mutant(
        "projected-before-kafka-and-the-record-agree",
        "what reads or writes Kafka begins once Kafka and the record agree",
        "ruling 25",
        (Edit("shared/runtime/lifecycle.py", "for task in parts.tasks]", "for task in (*parts.tasks, *parts.on_kafka)]"),),
        (suite("integration/runtime/test_nothing_is_done_on_kafka_before_it_agrees.py"),),
    ),
    Mutant(
        "record-counted-for-anybody",
        "the whole record is read for whoever looks after it alone",
        "S9",
        (
            Edit(
                "shared/runtime/operator_doors.py",
                'require(caller, {"operator", "auditor", "service"})\n        consumed',
                "consumed",
            ),
        ),
        (suite("integration/runtime/test_counting_the_record_costs_one_connection.py"),),
    ),
    Mutant(
        "record-counted-for-each",
        "the whole record is counted for one asker at a time",
        "S21",
        (Edit("shared/postgres/conservation.py", "if self._counting is None or", "if True or"),),
        (suite("integration/runtime/test_counting_the_record_costs_one_connection.py"),),
    ),
    Mutant(
        "outbox-in-a-transaction-of-its-own",
        "an event and its outbox row commit together",
        "R6, ruling 9",
        (
            Edit(
                _LOG,
                "INSERT INTO outbox (topic, partition, key, kind, ref, recorded)\n"
                "SELECT topic, partition, key, 'event', ref, recorded\n"
                "FROM unnest($5::text[], $6::smallint[], $7::text[], $3::uuid[], $8::timestamptz[])\n"
                "    WITH ORDINALITY AS o(topic, partition, key, ref, recorded, n)\n"
                "ORDER BY n\n",
                "SELECT 1\n",
            ),
            Edit(
                _LOG,
                "*timer_columns(timers))\n        self.owes = True",
                "*timer_columns(timers))\n"
                '        self.late = [*getattr(self, "late", ()), (*columns[4:7], columns[2], recorded)]\n'
                "        self.owes = True",
            ),
            Edit(
                _LOG,
                "        if tx.owes:\n",
                '        for owed in getattr(tx, "late", ()):\n'
                "            with translated():\n"
                "                await self.pool.execute(_OWE.replace(\"'message'\", \"'event'\"), *owed)\n"
                "        if tx.owes:\n",
            ),
        ),
        (suite(f"{_APPEND_TESTS}::test_events_outbox_and_timers_are_written_together"),),
    ),
    Mutant(
        "message-owed-in-a-transaction-of-its-own",
        "a message and its outbox row commit together",
        "R6, ruling 24",
        (
            Edit(
                _LOG,
                "await self.execute(_OWE, topics, places, keys, refs, recorded)",
                'self.late = [*getattr(self, "late", ()), (topics, places, keys, refs, recorded)]',
            ),
            Edit(
                _LOG,
                "        if tx.owes:\n",
                '        for owed in getattr(tx, "late", ()):\n'
                "            with translated():\n"
                "                await self.pool.execute(_OWE, *owed)\n"
                "        if tx.owes:\n",
            ),
        ),
        (Schedules("requests", 500),),
    ),
    Mutant(
        "append-without-expected-version",
        "of racing decisions on one stream exactly one wins",
        "R7, ruling 9",
        (
            Edit(_LOG, 'WHERE stream = ANY($1) ORDER BY stream FOR UPDATE"', 'WHERE stream = ANY($1) ORDER BY stream"'),
            Edit(
                _LOG,
                "$8::timestamptz[], $9::bytea[], $10::bytea[])\n",
                "$8::timestamptz[], $9::bytea[], $10::bytea[]) ON CONFLICT DO NOTHING\n",
            ),
        ),
        (suite(f"{_APPEND_TESTS}::test_of_racing_decisions_exactly_one_wins"),),
    ),
    Mutant(
        "command-decided-again",
        "a command whose events are recorded is in effect and makes none twice",
        "R3, ruling 10",
        (Edit(_LOG, "if first in known or first in seen:", "if first in seen:"),),
        (suite(f"{_APPEND_TESTS}::test_the_same_command_again_makes_no_second_event"),),
    ),
    Mutant(
        "recordedtime-before-the-lock",
        "commit times never go back within a stream",
        "R9, ruling 10",
        (Edit(_LOG, "SELECT clock_timestamp() AS recorded, array(", "SELECT now() AS recorded, array("),),
        (suite(f"{_APPEND_TESTS}::test_commit_times_never_go_back_within_a_stream"),),
    ),
    Mutant(
        "hash-without-chain",
        "the hash of an event covers everything before it",
        "ruling 33",
        (Edit(_LOG, "sha256(head.hash + body)", "sha256(body)"),),
        (Schedules("deliveries", 20),),
    ),
    Mutant(
        "transaction-without-a-limit",
        "a command ends in time however far away the record is",
        "R27",
        (Edit(_LOG, "    if seconds is None:\n", "    if True:\n"),),
        (suite("integration/runtime/test_a_slow_record_costs_nobody_more_than_his_time.py"),),
    ),
    Mutant(
        "key-in-another-transaction",
        "a key and what was done under it commit together",
        "R1, ruling 11",
        (
            Edit(_DOOR, "await self._handle(tx, [", "await self._log.transact(lambda apart: self._handle(apart, ["),
            Edit(_DOOR, "for index in fresh])", "for index in fresh]))"),
        ),
        (suite("integration/intake/test_an_answer_and_its_effect_are_one.py"),),
    ),
    Mutant(
        "unknown-commit-told-as-failure",
        "a commit in doubt is looked up before anybody is told that it failed",
        "R2, ruling 49",
        (Edit(_DOOR, "if key not in known:", "if True:"),),
        (suite("integration/intake/test_an_answer_and_its_effect_are_one.py"),),
    ),
    Mutant(
        "repeated-request-done-again",
        "the first answer to a key is the answer",
        "R1, ruling 11",
        (
            Edit(
                _KEYS,
                "if request in taken]\n",
                "if True]\n",
            ),
        ),
        (Schedules("deliveries", 200),),
    ),
    Mutant(
        "refusal-kept-under-its-key",
        "who was refused may ask again under the same key",
        "R1, ruling 11",
        (Edit(_KEYS, "if answer.status < 400})", "})"), Edit(_KEYS, "if answer.status >= 400])", "if False])")),
        (suite(_TOGETHER_TESTS),),
    ),
    Mutant(
        "broken-request-breaks-its-neighbours",
        "requests that share a transaction are answered as if each had come alone",
        "R1, ruling 11",
        (Edit(_DOOR, "if is_away or len(calls) == 1:", "if True:"),),
        (suite(_TOGETHER_TESTS),),
    ),
    Mutant(
        "key-reused-for-another-body",
        "a key belongs to one request",
        "R1, ruling 11",
        (Edit(_KEYS, 'elif row["fingerprint"] != request.fingerprint:', "elif False:"),),
        (suite(f"{_HTTP_TESTS}::test_a_key_belongs_to_one_request"),),
    ),
    Mutant(
        "timer-not-asked-again",
        "a timer decides by the situation as it is when it fires",
        "ruling 13",
        (
            Edit(
                "services/intake/decider.py",
                "if Timer(command.now, command.kind, command.case_no) not in timers(state, command.calendars):",
                "if False:",
            ),
        ),
        (
            suite(
                "unit/intake/test_acceptance_counts_from_the_right_day.py"
                "::test_a_timer_that_comes_again_or_too_late_changes_nothing"
            ),
        ),
    ),
    Mutant(
        "card-raised-twice",
        "a signal is raised only while the case still waits for it",
        "ruling 13",
        (
            Edit(
                "services/approval/decider.py",
                "if Timer(command.now, command.kind, command.case_no) not in waits_for(journey, calendars):",
                "if not isinstance(journey.get(command.case_no or ''), Running):",
            ),
        ),
        (suite("unit/approval"),),
    ),
    Mutant(
        "two-timers-share-an-identity",
        "a timer is known by stream, case, kind and instant",
        "ruling 46",
        (Edit("shared/contracts/ids.py", "timer/{stream}/{case_no or ''}/{kind}", "timer/{stream}/{kind}"),),
        (suite("unit/eventsourcing", "unit/approval"),),
    ),
    Mutant(
        "a-refused-attribution-lets-the-visit-go",
        "moving a visit is one act on two journeys, or none",
        "ruling 6",
        (Edit("shared/postgres/event_log.py", "if whole and any(isinstance", "if False and any(isinstance"),),
        (
            suite(
                "integration/postgres/test_an_append_is_whole_or_not_at_all.py::test_of_orders_that_are_one_whole_a_refused_one_leaves_none"
            ),
        ),
    ),
    Mutant(
        "an-event-names-a-clerk",
        "no event names a person who acted",
        "ruling 8",
        (Edit("shared/runtime/auth.py", "staff.ref(self.id) if self.role in PEOPLE else self.id", "self.id"),),
        (suite("integration/intake/test_no_event_names_a_member_of_staff.py"),),
    ),
    Mutant(
        "a-visit-counts-for-two-people",
        "an anonymous visit goes to one person, however many desks have it in hand",
        "ruling 6",
        (Edit("services/intake/attribution.py", "isinstance(released, Applied) and not released.events", "False"),),
        (suite(f"{_DESKS_TESTS}::test_a_visit_goes_to_one_person"),),
    ),
    Mutant(
        "a-visit-is-taken-off-where-it-no-longer-counts",
        "a visit is taken off where it counts",
        "ruling 6",
        (Edit("services/intake/service.py", "(JOURNEY_OVER, VISIT_HAS_OWNER)", "(JOURNEY_OVER,)"),),
        (suite(f"{_DESKS_TESTS}::test_a_visit_is_taken_off_where_it_counts"),),
    ),
    Mutant(
        "a-calendar-leaves-the-signals-where-they-were",
        "a published calendar moves the timers of open cases too",
        "ruling 45",
        (Edit(_APPROVAL_CALENDARS, "    await timers.rearm(tx, decider, streams)\n", ""),),
        (suite(_CALENDAR_TESTS),),
    ),
    Mutant(
        "a-decision-is-judged-by-dates-that-moved",
        "nothing is decided by dates that a calendar has moved",
        "ruling 45",
        (Edit("services/approval/service.py", "if n < by.newest]", "if n < 0]"),),
        (suite(_CALENDAR_TESTS),),
    ),
    Mutant(
        "a-card-names-a-date-that-moved",
        "no card names a date that a calendar has moved",
        "ruling 45",
        (Edit("services/approval/service.py", "await worklist.late(tx, list(first))]", "()]"),),
        (suite(_CALENDAR_TESTS),),
    ),
    Mutant(
        "an-acceptance-keeps-its-older-dates",
        "catalogue and acceptances come in no order",
        "rulings 1, 45",
        (Edit("services/approval/decider.py", "    if not newer:\n", "    if True:\n"),),
        (suite(_CALENDAR_TESTS),),
    ),
    Mutant(
        "dates-move-back-until-the-calendar-comes",
        "catalogue and acceptances come in no order",
        "rulings 1, 45",
        (Edit("shared/reference/calendar.py", "if self.of(year).version > version]", "if self.of(year).version != version]"),),
        (suite(_CALENDAR_TESTS),),
    ),
    Mutant(
        "a-calendar-changes-under-a-command",
        "whoever computes with the calendars keeps them as they are",
        "ruling 45",
        (Edit(_APPROVAL_CALENDARS, '    await tx.execute("SELECT pg_advisory_xact_lock_shared($1)", _LOCK)\n', ""),),
        (suite(_CALENDAR_TESTS),),
    ),
    Mutant(
        "a-calendar-leaves-silence-where-it-was",
        "a published calendar moves every silence that waits",
        "ruling 45",
        (Edit("services/intake/silence.py", "    await timers.rearm(tx, decider, streams)\n", ""),),
        (suite("integration/intake/test_time_and_approval_move_a_case.py::test_a_late_calendar_moves_every_silence"),),
    ),
    Mutant(
        "a-moved-timer-is-forgotten-with-its-old-row",
        "a timer that fires by an older calendar leaves its new day behind",
        "rulings 13, 45",
        (
            Edit(
                "shared/postgres/timers.py",
                "    await tx.execute(_START, *timer_columns(list(waits.difference(fired))))\n",
                "    if not fired:\n        await tx.execute(_START, *timer_columns(list(waits)))\n",
            ),
        ),
        (
            suite(
                "integration/intake/test_time_and_approval_move_a_case.py"
                "::test_a_timer_that_fires_by_an_older_calendar_leaves_the_new_day_behind"
            ),
        ),
    ),
    Mutant(
        "a-person-with-many-cases-stops-time",
        "as many timers fire at once as a journey waits for",
        "ruling 13",
        (Edit("shared/eventsourcing/plan.py", "fired_max = len(made.timers_after) + FURTHER_MAX", "fired_max = FURTHER_MAX"),),
        (suite("unit/eventsourcing"),),
    ),
    Mutant(
        "one-journey-stops-everybodys-time",
        "a journey whose timers fail holds up nobody else",
        "ruling 50",
        (Edit("shared/runtime/timekeeper.py", "return self._aside.put(self._in_hand[0])", "return False"),),
        (suite("integration/intake/test_a_journey_that_fails_stops_nobodys_time.py"),),
    ),
    Mutant(
        "timers-fire-while-history-is-entered",
        "a held timekeeper lets history be entered first",
        "ruling 40",
        (Edit("shared/postgres/timers.py", "if await held_to(tx) is not None:", "if False:"),),
        (suite("integration/intake/test_time_and_approval_move_a_case.py::test_while_timers_are_held_nobody_keeps_time"),),
    ),
    Mutant(
        "a-stream-with-a-nul",
        "what no record can hold is refused by name",
        "reliability S5",
        (Edit("shared/runtime/operator_doors.py", '_NAME = {"pattern": r"^[^\\x00]*$", ', "_NAME = {"),),
        (suite("integration/approval/test_a_case_is_shown_to_its_body_alone.py"),),
    ),
)
