package runonce.contest;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The row of one journey: how far each source has come, and the facts from which its contributions follow. */
@JsonFormat(shape = JsonFormat.Shape.ARRAY)
@JsonPropertyOrder({
    "intake", "approval", "notify", "visits", "home", "applicant", "handling", "item", "outcome", "delivered", "decided", "onTime", "used"
})
public final class Journey {
    private static final String UNKNOWN = "unknown";
    private static final ZoneOffset CHINA = ZoneOffset.ofHours(8);

    public int intake;
    public int approval;
    public int notify;
    public List<Visit> visits = new ArrayList<>(2);
    public String home;
    public String applicant;
    public String handling;
    public String item;
    public String outcome;
    public String delivered;
    public String decided;
    public boolean onTime;
    public int used;

    /** A visit that counts. */
    @JsonFormat(shape = JsonFormat.Shape.ARRAY)
    @JsonPropertyOrder({"id", "region", "item", "tag", "day"})
    public static final class Visit {
        public String id;
        public String region;
        public String item;
        public String tag;
        public String day;
    }

    /** Whether the event is new; if it is, its source has come so far. */
    boolean advance(final Event event) {
        final int head = switch (event.source) {
            case "intake" -> intake;
            case "approval" -> approval;
            default -> notify;
        };
        if (event.sequence <= head) {
            return false;
        }
        switch (event.source) {
            case "intake" -> intake = event.sequence;
            case "approval" -> approval = event.sequence;
            default -> notify = event.sequence;
        }
        return true;
    }

    /** Whether an event of this type can move a figure. */
    static boolean matters(final String type) {
        return switch (type) {
            case "gov.intake.journey-opened.v1", "gov.intake.visit-recorded.v1", "gov.intake.visit-voided.v1",
                 "gov.intake.application-submitted.v1", "gov.intake.journey-completed.v1", "gov.intake.result-delivered.v1",
                 "gov.approval.decision-made.v1" -> true;
            default -> false;
        };
    }

    /** Learn a fact that matters. */
    void learn(final Event event) {
        final Event.Data data = event.data;
        switch (event.type) {
            case "gov.intake.journey-opened.v1" -> home = data.applicant_region;
            case "gov.intake.visit-recorded.v1" -> visits.add(visit(data));
            case "gov.intake.visit-voided.v1" -> visits.removeIf(visit -> visit.id.equals(data.visit_id));
            case "gov.intake.application-submitted.v1" -> {
                applicant = data.applicant_region;
                handling = data.handling_region;
                item = data.item_code;
            }
            case "gov.intake.journey-completed.v1" -> outcome = data.outcome;
            case "gov.intake.result-delivered.v1" -> delivered = day(data.delivered_at);
            case "gov.approval.decision-made.v1" -> {
                decided = day(data.decided_at);
                onTime = data.on_time;
                used = data.net_wd_used;
            }
            default -> throw new IllegalStateException(event.type);
        }
    }

    private static Visit visit(final Event.Data data) {
        final Visit visit = new Visit();
        visit.id = data.visit_id;
        visit.region = data.venue_region;
        visit.item = data.item_code;
        visit.tag = data.cause + '|' + data.responsible;
        visit.day = data.local_date;
        return visit;
    }

    private static String day(final String instant) {
        return LocalDate.ofInstant(Instant.parse(instant), CHINA).toString();
    }

    /** What the journey adds to the cells. */
    Map<String, Amounts> contributions() {
        final Map<String, Amounts> cells = new HashMap<>();
        final String region = home != null ? home : orUnknown(applicant);
        for (final Visit visit : visits) {
            final String cell = String.join("\t", "visits", visit.region, region, visit.item, visit.tag, visit.day);
            cells.merge(cell, new Amounts(1, 0, 0), Amounts::plus);
        }
        if (delivered != null && ("granted".equals(outcome) || "refused".equals(outcome))) {
            cells.put(String.join("\t", "delivered", orUnknown(handling), orUnknown(item), delivered), new Amounts(1, 0, 0));
        }
        if (decided != null) {
            final Amounts amounts = new Amounts(1, onTime ? 1 : 0, used);
            cells.put(String.join("\t", "decided", orUnknown(handling), orUnknown(item), decided), amounts);
        }
        return cells;
    }

    private static String orUnknown(final String code) {
        return code == null ? UNKNOWN : code;
    }
}
