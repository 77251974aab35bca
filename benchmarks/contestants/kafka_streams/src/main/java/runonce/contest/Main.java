package runonce.contest;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/** Kafka Streams, exactly once, one stream thread: {@code --kafka HOST:PORT --records N --out FILE --group NAME --state DIRECTORY}. */
public final class Main {
    private static final long LOOK_EVERY_MS = 5;

    private Main() {
    }

    public static void main(final String[] arguments) throws Exception {
        final Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i], arguments[i + 1]);
        }
        final long records = Long.parseLong(options.get("--records"));
        final Progress progress = new Progress();
        final Properties settings = settings(options.get("--kafka"), options.get("--group"), options.get("--state"));
        try (KafkaStreams streams = new KafkaStreams(Projection.topology(progress), settings)) {
            streams.start();
            while (!progress.complete(records)) {
                mustRun(streams);
            }
            // The thread that counts is the thread that commits: a commit after the last count holds everything.
            final double commits = commits(streams);
            while (commits(streams) <= commits) {
                mustRun(streams);
            }
            final double seconds = progress.seconds();
            final double processor = progress.processorSeconds();
            Files.write(Path.of(options.get("--out")), Json.MAPPER.writeValueAsBytes(outcome(streams)));
            System.out.printf("{\"events\": %d, \"seconds\": %.3f, \"cpu_s\": %.3f}%n", progress.read.get(), seconds, processor);
        }
    }

    private static Properties settings(final String kafka, final String group, final String state) {
        final Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, kafka);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, state);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
        return settings;
    }

    private static void mustRun(final KafkaStreams streams) throws InterruptedException {
        if (streams.state().hasCompletedShutdown() || streams.state() == KafkaStreams.State.PENDING_ERROR) {
            throw new IllegalStateException("the stream thread has died");
        }
        Thread.sleep(LOOK_EVERY_MS);
    }

    private static double commits(final KafkaStreams streams) {
        return streams.metrics().values().stream()
            .filter(metric -> metric.metricName().name().equals("commit-total"))
            .filter(metric -> metric.metricName().group().equals("stream-thread-metrics"))
            .mapToDouble(metric -> ((Number) metric.metricValue()).doubleValue())
            .sum();
    }

    private static Map<String, Object> outcome(final KafkaStreams streams) {
        final Map<String, Object> outcome = new HashMap<>();
        for (final String kind : List.of("visits", "delivered", "decided")) {
            outcome.put(kind, new ArrayList<List<Object>>());
        }
        final StoreQueryParameters<ReadOnlyKeyValueStore<String, Amounts>> cells =
            StoreQueryParameters.fromNameAndType(Projection.CELLS, QueryableStoreTypes.keyValueStore());
        try (KeyValueIterator<String, Amounts> all = streams.store(cells).all()) {
            all.forEachRemaining(cell -> put(outcome, cell));
        }
        final StoreQueryParameters<ReadOnlyKeyValueStore<String, Journey>> rows =
            StoreQueryParameters.fromNameAndType(Projection.ROWS, QueryableStoreTypes.keyValueStore());
        long count = 0;
        try (KeyValueIterator<String, Journey> all = streams.store(rows).all()) {
            for (; all.hasNext(); all.next()) {
                count++;
            }
        }
        outcome.put("rows", count);
        return outcome;
    }

    @SuppressWarnings("unchecked")
    private static void put(final Map<String, Object> outcome, final KeyValue<String, Amounts> cell) {
        final String[] words = cell.key.split("\t");
        final List<Object> told = new ArrayList<>(List.of(words).subList(1, words.length));
        told.add(cell.value.first());
        if (words[0].equals("decided")) {
            told.add(cell.value.second());
            told.add(cell.value.third());
        }
        ((List<List<Object>>) outcome.get(words[0])).add(told);
    }
}
