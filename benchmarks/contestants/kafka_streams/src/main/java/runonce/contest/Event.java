package runonce.contest;

/** What the projection reads of one CloudEvents document; everything else is skipped while parsing. */
public final class Event {
    public String type;
    public String source;
    public int sequence;
    public Data data;

    /** The fields of all facts that move a figure; those of other facts stay null. */
    public static final class Data {
        public String visit_id;
        public String venue_region;
        public String item_code;
        public String cause;
        public String responsible;
        public String local_date;
        public String applicant_region;
        public String handling_region;
        public String outcome;
        public String delivered_at;
        public String decided_at;
        public boolean on_time;
        public int net_wd_used;
    }
}
