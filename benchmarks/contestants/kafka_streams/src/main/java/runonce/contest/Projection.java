package runonce.contest;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Events to journey rows to cells: two tables in RocksDB, joined by a repartition topic of movements keyed by cell. */
final class Projection {
    static final String ROWS = "rows";
    static final String CELLS = "cells";
    private static final List<String> TOPICS = List.of("gov.intake.events.v1", "gov.approval.events.v1", "gov.notify.events.v1");

    private Projection() {
    }

    static Topology topology(final Progress progress) {
        final StreamsBuilder builder = new StreamsBuilder();
        final Serde<String> text = Serdes.String();
        final StoreBuilder<KeyValueStore<String, Journey>> rows = Stores
            .keyValueStoreBuilder(Stores.persistentKeyValueStore(ROWS), text, Json.serde(Journey.class))
            .withCachingEnabled();
        builder.addStateStore(rows);
        builder.stream(TOPICS, Consumed.with(text, Json.serde(Event.class)))
            .process(() -> new Rows(progress), ROWS)
            .groupByKey(Grouped.with(CELLS, text, Amounts.serde()))
            .aggregate(
                () -> Amounts.NONE,
                (cell, movement, amounts) -> {
                    progress.added.incrementAndGet();
                    return amounts.plus(movement);
                },
                Materialized.<String, Amounts, KeyValueStore<Bytes, byte[]>>as(CELLS)
                    .withKeySerde(text)
                    .withValueSerde(Amounts.serde()));
        return builder.build();
    }

    /** Folds an event into its row and forwards what its contributions moved. */
    private static final class Rows implements Processor<String, Event, String, Amounts> {
        private final Progress progress;
        private ProcessorContext<String, Amounts> context;
        private KeyValueStore<String, Journey> rows;

        Rows(final Progress progress) {
            this.progress = progress;
        }

        @Override
        public void init(final ProcessorContext<String, Amounts> context) {
            this.context = context;
            rows = context.getStateStore(ROWS);
        }

        @Override
        public void process(final Record<String, Event> record) {
            progress.read();
            final Event event = record.value();
            final Journey known = rows.get(record.key());
            final Journey journey = known == null ? new Journey() : known;
            if (!journey.advance(event)) {
                return;
            }
            if (Journey.matters(event.type)) {
                final Map<String, Amounts> before = journey.contributions();
                journey.learn(event);
                move(record, before, journey.contributions());
            }
            rows.put(record.key(), journey);
        }

        private void move(final Record<String, Event> record, final Map<String, Amounts> before, final Map<String, Amounts> after) {
            after.forEach((cell, amounts) -> {
                final Amounts old = before.remove(cell);
                forward(record, cell, old == null ? amounts : amounts.minus(old));
            });
            before.forEach((cell, amounts) -> forward(record, cell, Amounts.NONE.minus(amounts)));
        }

        private void forward(final Record<String, Event> record, final String cell, final Amounts movement) {
            if (!movement.equals(Amounts.NONE)) {
                progress.moved.incrementAndGet();
                context.forward(record.withKey(cell).withValue(movement));
            }
        }
    }
}
