package runonce.contest;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/** The integers of a cell: n, or journeys, or cases with on_time and net_wd_used. */
record Amounts(long first, long second, long third) {
    static final Amounts NONE = new Amounts(0, 0, 0);

    Amounts plus(final Amounts more) {
        return new Amounts(first + more.first, second + more.second, third + more.third);
    }

    Amounts minus(final Amounts less) {
        return new Amounts(first - less.first, second - less.second, third - less.third);
    }

    static Serde<Amounts> serde() {
        final Serializer<Amounts> write = (topic, a) ->
            a == null ? null : ByteBuffer.allocate(24).putLong(a.first).putLong(a.second).putLong(a.third).array();
        final Deserializer<Amounts> read = (topic, bytes) -> {
            if (bytes == null) {
                return null;
            }
            final ByteBuffer buffer = ByteBuffer.wrap(bytes);
            return new Amounts(buffer.getLong(), buffer.getLong(), buffer.getLong());
        };
        return Serdes.serdeFrom(write, read);
    }
}
