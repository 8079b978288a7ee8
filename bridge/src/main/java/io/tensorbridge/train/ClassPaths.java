package io.tensorbridge.train;

import java.io.File;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where this process has its classes from, for another one to have them too. */
final class ClassPaths {

    private static final Logger LOG = LoggerFactory.getLogger(ClassPaths.class);

    private ClassPaths() {}

    /** Returns what the class loaders of this thread look into, those that an application has added included. */
    static List<String> ofThisThread() {
        Set<String> all = new LinkedHashSet<>();
        for (ClassLoader loader = Thread.currentThread().getContextClassLoader();
                loader != null;
                loader = loader.getParent()) {
            if (loader instanceof URLClassLoader urls) {
                for (URL url : urls.getURLs()) {
                    String path = pathOf(url);
                    if (path != null) {
                        all.add(path);
                    }
                }
            }
        }
        all.addAll(List.of(System.getProperty("java.class.path").split(File.pathSeparator, -1)));
        return new ArrayList<>(all);
    }

    private static @Nullable String pathOf(URL url) {
        if (!url.getProtocol().equals("file")) {
            return null; // classes of a shell, which no worker needs
        }
        try {
            return Path.of(url.toURI()).toString();
        } catch (URISyntaxException | IllegalArgumentException e) {
            LOG.warn("A worker will not look for classes in {}, which is no path", url, e);
            return null;
        }
    }
}
