"""Mutants of the law: runs, decisions, custody, silence, who may do what, and whose token is believed."""

from __future__ import annotations

from tests.faults.mutants.mutant import Edit, Mutant, suite

_RUNS = "shared/reference/runs.py"
_ACCEPTANCE = "services/intake/acceptance.py"
_CUSTODY = "services/intake/custody.py"
_AUTHORITY = "services/intake/authority.py"
_AUTH = "shared/runtime/auth.py"
_PEOPLE = "services/intake/people.py"
_GUESSES = "services/intake/guesses.py"
_DECIDED_BY = "services/approval/decided_by.py"
_RUN_TESTS = "unit/reference/test_a_run_is_counted_by_the_rule.py"
_SILENCE_TESTS = "unit/intake/test_acceptance_counts_from_the_right_day.py"
_TOKEN_TESTS = "unit/runtime/test_a_token_is_believed_only_if_all_of_it_fits.py"

MUTANTS = (
    Mutant(
        "same-day-visits-not-collapsed",
        "several windows of one hall on one day are one run",
        "ruling 43",
        (
            Edit(
                _RUNS,
                "member = (visit.local_date, visit.venue_id, visit.person,",
                "member = (visit.local_date, visit.venue_id, visit.visit_id,",
            ),
        ),
        (suite(_RUN_TESTS),),
    ),
    Mutant(
        "proxy-runs-experienced",
        "a trip made for somebody is never that person's own run",
        "ruling 43",
        (Edit(_RUNS, 'kind="experienced" if by_applicant else "proxy"', 'kind="experienced"'),),
        (suite(_RUN_TESTS),),
    ),
    Mutant(
        "visits-after-delivery-counted",
        "a visit after the day of delivery counts nowhere",
        "ruling 43",
        (Edit(_RUNS, "if delivered_on is None or v.local_date <= delivered_on]", "]"),),
        (suite(_RUN_TESTS),),
    ),
    Mutant(
        "decided-twice",
        "a case is decided once",
        "ruling 39",
        (Edit("services/approval/state.py", "return Decided(case.terms, event.outcome, event.document_no)", "return case"),),
        (suite("unit/approval/test_a_case_is_decided_once.py"),),
    ),
    Mutant(
        "withdrawn-after-the-decision",
        "exactly one of decision and withdrawal exists",
        "ruling 39",
        (
            Edit(
                _ACCEPTANCE,
                "case Submitted() | Received() | InCorrection():\n            back =",
                "case Submitted() | Received() | InCorrection() | Accepted() | Decided():\n            back =",
            ),
        ),
        (suite("unit/intake/test_a_case_ends_once.py"),),
    ),
    Mutant(
        "custody-taken-without-an-offer",
        "only an open offer moves a case",
        "ruling 44",
        (Edit(_CUSTODY, "if handover.ended is None:", "if handover.ended != wanted:"),),
        (suite("unit/intake/test_custody_has_one_holder_at_every_instant.py"),),
    ),
    Mutant(
        "second-offer-beside-the-first",
        "at most one offer of custody is open",
        "ruling 44",
        (Edit(_CUSTODY, "    require_no_offer(case)\n    if command.to_body", "    if command.to_body"),),
        (suite("unit/intake/test_custody_has_one_holder_at_every_instant.py"),),
    ),
    Mutant(
        "withdrawn-while-an-offer-stays-open",
        "an offer of a case that is taken back waits for nobody",
        "D9, ruling 44",
        (Edit(_ACCEPTANCE, "return [*open_offer_ended(case), back,", "return [back,"),),
        (suite("unit/intake/test_custody_has_one_holder_at_every_instant.py"),),
    ),
    Mutant(
        "open-offer-does-not-block-silence",
        "an open offer blocks acceptance by silence",
        "ruling 44",
        (Edit("services/intake/decider.py", "if start is None or case.file.custody.offer is not None:", "if start is None:"),),
        (suite(_SILENCE_TESTS),),
    ),
    Mutant(
        "silence-before-custody",
        "a case from another city waits for custody before silence counts",
        "ruling 44",
        (Edit("shared/reference/deadlines.py", "if not at_handler:", "if False:"),),
        (suite(_SILENCE_TESTS),),
    ),
    Mutant(
        "foreign-case-acted-on",
        "a body acts on its own cases alone",
        "4.2, ruling 51",
        (Edit(_AUTHORITY, "if not _is_bound_to(by, bodies, regions):", "if False:"),),
        (suite("unit/intake"),),
    ),
    Mutant(
        "a-mandated-window-named-from-afar",
        "who accepts at a mandated window stands there",
        "D4, D9",
        (Edit(_AUTHORITY, "in window.mandates and may_use(by, window)", "in window.mandates"),),
        (suite(_SILENCE_TESTS),),
    ),
    Mutant(
        "accepted-by-a-region",
        "the item's body accepts, and not whoever is in charge of its region",
        "D4",
        (Edit(_AUTHORITY, "    if by.role not in _UNBOUND and by.body != terms.handling_body:", "    if False:"),),
        (suite(_SILENCE_TESTS),),
    ),
    Mutant(
        "any-role-may-do-anything",
        "a role that is not named for a command may not ask for it",
        "4.2",
        (Edit(_AUTHORITY, "return None if role in ROLES.get(command, frozenset()) else", "return None if True else"),),
        (
            suite(
                "integration/intake/test_the_http_door_answers_in_problem_details.py::test_nobody_acts_without_a_token_or_beyond_their_role"
            ),
        ),
    ),
    Mutant(
        "another-bodys-officer-decides",
        "an officer decides the cases of the own body",
        "4.2",
        (Edit(_AUTH, 'if caller.role != "importer" and caller.body != body:', "if False:"),),
        (suite("integration/approval/test_racing_officers_decide_once.py"),),
    ),
    Mutant(
        "any-officer-withdraws-any-case",
        "an accepted case is withdrawn by the body that handles it",
        "4.2, ruling 39",
        (
            Edit(
                "services/approval/service.py",
                "    require_body(request.caller, body)\n",
                "    if not withdraws:\n        require_body(request.caller, body)\n",
            ),
        ),
        (suite("integration/approval/test_an_accepted_case_is_withdrawn_by_its_body.py"),),
    ),
    Mutant(
        "status-code-guessed-for-long",
        "wrong status codes are few",
        "4.2",
        (Edit(_GUESSES, "WRONG_MAX = 10\n", "WRONG_MAX = 1_000\n"),),
        (suite("unit/intake/test_a_status_code_is_not_worth_guessing.py"),),
    ),
    Mutant(
        "looked-at-without-a-trace",
        "every look of a clerk or officer at a journey is written down",
        "4.2",
        (Edit("services/intake/http.py", "if caller.role in STAFF:", "if False:"),),
        (suite("integration/intake/test_every_look_at_a_journey_is_written_down.py"),),
    ),
    Mutant(
        "letters-led-elsewhere",
        "whoever acts for a person leads none of the person's other letters elsewhere",
        "ruling 8",
        (
            Edit(_PEOPLE, "email = coalesce(person.email, excluded.email)", "email = coalesce(excluded.email, person.email)"),
            Edit(_PEOPLE, "WHERE person.name IS NULL AND excluded.name IS NOT NULL OR", "WHERE true OR"),
        ),
        (suite("integration/intake/test_letters_about_a_case_go_where_its_applicant_said.py"),),
    ),
    Mutant(
        "promised-before-its-day",
        "the guide promises what is in force on the day",
        "D14",
        (Edit("services/intake/guide.py", '\n{IN_FORCE.format("i", "$1")} AND NOT', "\ni.version > 0 AND NOT"),),
        (suite("integration/intake/test_an_item_is_applied_for_while_it_is_in_force.py"),),
    ),
    Mutant(
        "two-cases-under-one-number",
        "a case number belongs to one case",
        "ruling 10",
        (Edit("services/intake/cases.py", '    + " WHERE case_index.journey = excluded.journey"\n', ""),),
        (suite("integration/intake/test_a_case_number_is_one_persons.py"),),
    ),
    Mutant(
        "contacts-for-any-service",
        "how to reach somebody is told to the notifier alone",
        "ruling 8",
        (Edit("services/intake/http.py", "if caller.id != NOTIFIER:", "if False:"),),
        (suite("integration/intake/test_the_http_door_answers_in_problem_details.py"),),
    ),
    Mutant(
        "portal-at-a-window",
        "what is handed in at a window is the desk's to say",
        "4.2",
        (Edit("services/intake/resolution.py", "and submission.channel not in WITHOUT_A_VISIT:", "and False:"),),
        (suite("unit/intake/test_an_application_is_taken_in_where_its_receiver_sits.py"),),
    ),
    Mutant(
        "retired-item-revived",
        "a retired item comes back when its next version takes effect",
        "D14",
        (
            Edit(
                "services/intake/register.py",
                '    await tx.execute(\n        "INSERT INTO item (',
                '    await tx.execute("UPDATE item SET retired_from = NULL WHERE item_code = $1", fact.item_code)\n'
                '    await tx.execute(\n        "INSERT INTO item (',
            ),
        ),
        (suite("integration/intake/test_an_item_is_applied_for_while_it_is_in_force.py"),),
    ),
    Mutant(
        "offered-on-in-vain-and-lost",
        "whoever takes a case has it on the list until another takes it or it ends",
        "ruling 44",
        (Edit("services/approval/incoming.py", 'AND i.handover_no = t.handover_no\n"""\n# The', '\n"""\n# The'),),
        (suite("integration/approval/test_officers_see_what_is_on_its_way.py"),),
    ),
    Mutant(
        "a-notice-that-nobody-heard-of",
        "officers see which cases wait for their applicant",
        "Licensing Law Art. 32(4)",
        (Edit("services/approval/incoming.py", "if isinstance(fact, CorrectionNoticeIssued)]", "if isinstance(fact, str)]"),),
        (suite("integration/approval/test_officers_see_what_is_on_its_way.py"),),
    ),
    Mutant(
        "late-decision-made-in-time",
        "a time limit that is over is not extended",
        "Licensing Law Art. 42",
        (Edit("services/approval/decider.py", "if local_date(command.now) > case.promised_due:", "if False:"),),
        (suite("unit/approval/test_a_case_is_decided_once.py"),),
    ),
    Mutant(
        "more-time-without-the-head",
        "the head of the body approves more time",
        "Licensing Law Art. 42",
        (Edit("services/approval/extension.py", "if not head.head:", "if False:"),),
        (suite("unit/approval/test_more_time_is_approved_by_the_head.py"),),
    ),
    Mutant(
        "staff-numbers-guessed",
        "a pseudonym of staff says no number to whoever tries them out",
        "4.2",
        (Edit(_AUTH, 'hmac.digest(self._key, f"staff/', 'hmac.digest(b"x", f"staff/'),),
        (suite("unit/runtime/test_a_pseudonym_of_staff_says_no_number.py"),),
    ),
    Mutant(
        "decided-in-anothers-name",
        "who decided is who is signed in",
        "4.2",
        (
            Edit(_DECIDED_BY, "if asked.officer_ref not in (None, own):", "if False:"),
            Edit(_DECIDED_BY, "return own", "return asked.officer_ref or own"),
        ),
        (suite("unit/approval/test_nobody_decides_in_anothers_name.py"),),
    ),
    Mutant(
        "token-of-another-service-believed",
        "a token is good at the service it was issued for",
        "4.2",
        (Edit(_AUTH, 'any(one in (service, "*") for one in named)', "True"),),
        (suite(_TOKEN_TESTS),),
    ),
    Mutant(
        "started-without-a-word-for-others",
        "a service that asks others does not start without a token",
        "S9",
        (Edit("shared/runtime/lifecycle.py", "if (asks_others or given is not None)", "if (given is not None)"),),
        (suite("unit/runtime/test_a_service_asks_others_by_a_token_it_was_given.py"),),
    ),
    Mutant(
        "token-before-its-time-believed",
        "a token is nobody's before its time",
        "4.2",
        (Edit(_AUTH, "max(issued, begins) - LEEWAY_S", "issued - LEEWAY_S"),),
        (suite(_TOKEN_TESTS),),
    ),
    Mutant(
        "expired-token-believed",
        "a token is good for its time",
        "4.2",
        (Edit(_AUTH, "<= now < expires + LEEWAY_S", "<= now"),),
        (suite(_TOKEN_TESTS),),
    ),
    Mutant(
        "unsigned-token-believed",
        "who calls is what was signed and nothing else",
        "4.2",
        (
            Edit(
                _AUTH,
                "claims = jwt.decode(token, self._verifying, algorithms=_ALGORITHMS).claims",
                "import base64, json\n"
                "                part = token.split('.')[1]\n"
                "                claims = json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))",
            ),
        ),
        (suite(_TOKEN_TESTS),),
    ),
)
