package io.tensorbridge.internal.hadoop;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A URI without what it may hold of secrets: who one is, with what password, and whatever stands behind a question mark. */
public final class Redaction {

    private static final Pattern SCHEME = Pattern.compile("^([A-Za-z][A-Za-z0-9+.-]*):.*", Pattern.DOTALL);
    // a password may hold a slash as it is, though no URI does; a colon and digits are a port
    private static final Pattern USER_INFO = Pattern.compile("//([^/?#\\s]*|[^/?#\\s:]*:(?!\\d*/)[^?#\\s]*)@");
    private static final Pattern QUERY = Pattern.compile("[?#]\\S*");

    private final String scheme;
    private final String redacted;
    private final List<String> secrets = new ArrayList<>();

    public Redaction(String uri) {
        Matcher withScheme = SCHEME.matcher(uri);
        this.scheme = withScheme.matches() ? withScheme.group(1) : "";
        Matcher userInfo = USER_INFO.matcher(uri);
        if (userInfo.find()) {
            addSecret(userInfo.group(1));
            addSecret(userInfo.group(1).substring(userInfo.group(1).indexOf(':') + 1));
        }
        Matcher query = Pattern.compile("[?#].*", Pattern.DOTALL).matcher(uri);
        if (query.find()) {
            addSecret(query.group().substring(1));
        }
        this.redacted = query.reset(userInfo.replaceFirst("//")).replaceFirst("");
    }

    /** Hadoop shows a part of a URI as it was given, decoded, or encoded once more. */
    private void addSecret(String secret) {
        if (!secret.isEmpty()) {
            secrets.add(secret);
            secrets.add(secret.replace("%", "%25"));
            secrets.add(decoded(secret));
        }
    }

    private static String decoded(String secret) {
        try {
            return URLDecoder.decode(secret.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) { // a percent sign that encodes nothing
            return secret;
        }
    }

    /** Returns the URI as it may be shown. */
    public String uri() {
        return redacted;
    }

    /** Returns the URI's scheme; empty if it has none. */
    public String scheme() {
        return scheme;
    }

    /** Returns what an exception says, as it may be shown. */
    public String of(Exception exception) {
        String message = String.valueOf(exception.getMessage());
        for (String secret : secrets) {
            message = message.replace(secret, "***");
        }
        message = USER_INFO.matcher(message).replaceAll("//");
        return QUERY.matcher(message).replaceAll("");
    }
}
