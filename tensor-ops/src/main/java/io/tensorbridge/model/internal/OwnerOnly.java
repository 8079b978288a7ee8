package io.tensorbridge.model.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.AclEntry;
import java.nio.file.attribute.AclEntryPermission;
import java.nio.file.attribute.AclEntryType;
import java.nio.file.attribute.AclFileAttributeView;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Directories that nobody but their owner may enter, as far as their file system can tell people apart. */
public final class OwnerOnly {

    private static final Set<PosixFilePermission> OWNERS = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> WRITTEN_BY_OTHERS =
            EnumSet.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private OwnerOnly() {}

    /** Makes a directory, whose parent exists. */
    public static void create(Path directory) throws IOException {
        Path parent = directory.toAbsolutePath().getParent();
        if (parent != null && view(parent, PosixFileAttributeView.class) != null) {
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNERS));
            return;
        }
        Files.createDirectory(directory);
        AclFileAttributeView acl = view(directory, AclFileAttributeView.class);
        if (acl != null) {
            acl.setAcl(List.of(AclEntry.newBuilder()
                    .setType(AclEntryType.ALLOW)
                    .setPrincipal(acl.getOwner())
                    .setPermissions(EnumSet.allOf(AclEntryPermission.class))
                    .build()));
        }
    }

    /**
     * Returns what speaks against trusting a directory that was there before, or null if nothing does.
     *
     * @param own something that this process has made on the same file system
     */
    public static @Nullable String objection(Path directory, Path own) throws IOException {
        if (Files.isSymbolicLink(directory)) {
            return "a symbolic link";
        }
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return Files.exists(directory, LinkOption.NOFOLLOW_LINKS) ? "a file" : "nothing";
        }
        FileOwnerAttributeView owner = view(directory, FileOwnerAttributeView.class);
        if (owner != null && !owner.getOwner().equals(Files.getOwner(own, LinkOption.NOFOLLOW_LINKS))) {
            return "one of " + owner.getOwner().getName();
        }
        PosixFileAttributeView posix = view(directory, PosixFileAttributeView.class);
        if (posix != null) {
            Set<PosixFilePermission> permissions = posix.readAttributes().permissions();
            if (permissions.stream().anyMatch(WRITTEN_BY_OTHERS::contains)) {
                return "one that others may write to (%s)".formatted(PosixFilePermissions.toString(permissions));
            }
        }
        return null;
    }

    private static <V extends java.nio.file.attribute.FileAttributeView> @Nullable V view(Path path, Class<V> type) {
        return Files.getFileAttributeView(path, type, LinkOption.NOFOLLOW_LINKS);
    }
}
