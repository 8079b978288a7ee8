package io.tensorbridge.train;

import java.io.Console;

/** What a terminal is, if there is one. */
final class Terminal {

    private static final int WIDTH = 80; // as Spark has it for its own progress bar

    private Terminal() {}

    /**
     * Returns whether the standard error stream leads to a terminal: whoever started the JVM says so by letting Spark show its
     * progress there, else it is taken to go where the console is.
     */
    static boolean isStandardError() {
        String told = System.getProperty("spark.ui.showConsoleProgress");
        return told == null ? isConsole() : Boolean.parseBoolean(told);
    }

    /** From Java 22 on there is a console without a terminal, which Java 17 has no method to ask. */
    @SuppressWarnings("SystemConsoleNull") // it is asked further if there is one
    private static boolean isConsole() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException e) {
            return true;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Cannot ask the console whether it is a terminal", e);
        }
    }

    static int width() {
        String columns = System.getenv("COLUMNS");
        return columns != null && columns.matches("[1-9]\\d{1,3}") ? Integer.parseInt(columns) : WIDTH;
    }
}
