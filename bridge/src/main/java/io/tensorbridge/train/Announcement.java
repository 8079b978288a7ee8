package io.tensorbridge.train;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * What a task tells all others before they begin, as a line of text.
 *
 * @param host where its executor is
 * @param port a port that was free there a moment ago
 * @param rows how many rows it has
 * @param validationRows how many for the validation
 * @param problem why training cannot begin, a whole sentence; empty if it can
 */
record Announcement(String host, int port, long rows, long validationRows, String problem) {

    private static final String SEPARATOR = "\t";

    String encode() {
        return String.join(
                SEPARATOR,
                host,
                Integer.toString(port),
                Long.toString(rows),
                Long.toString(validationRows),
                Base64.getEncoder().encodeToString(problem.getBytes(StandardCharsets.UTF_8)));
    }

    static Announcement decode(String line) {
        String[] parts = line.split(SEPARATOR, -1);
        String problem = new String(Base64.getDecoder().decode(parts[4]), StandardCharsets.UTF_8);
        return new Announcement(
                parts[0], Integer.parseInt(parts[1]), Long.parseLong(parts[2]), Long.parseLong(parts[3]), problem);
    }

    /** Returns where the workers find each other; on one machine over the loopback. */
    static List<String> addresses(List<Announcement> all) {
        boolean one = all.stream().map(Announcement::host).distinct().count() == 1;
        return all.stream()
                .map(each -> (one ? "127.0.0.1" : bracketed(each.host())) + ":" + each.port())
                .toList();
    }

    private static String bracketed(String host) {
        return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    }
}
