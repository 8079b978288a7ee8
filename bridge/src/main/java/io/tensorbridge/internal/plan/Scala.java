package io.tensorbridge.internal.plan;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import scala.Function1;
import scala.PartialFunction;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractPartialFunction;

/** Collections across the border. Catalyst rewrites what stands in Scala's, and overlooks what stands in Java's. */
public final class Scala {

    private Scala() {}

    public static <T> Seq<T> seq(List<? extends T> list) {
        return CollectionConverters.<T>asScala(List.<T>copyOf(list)).toSeq();
    }

    public static <T> Seq<T> none() {
        return seq(List.<T>of());
    }

    public static <T> Seq<T> one(T item) {
        return seq(List.of(item));
    }

    public static <T> List<T> list(scala.collection.Seq<T> seq) {
        return List.copyOf(CollectionConverters.asJava(seq));
    }

    /** Returns the partial function of what there is a value for. */
    public static <T> PartialFunction<T, T> where(Function<T, Optional<? extends T>> function) {
        return new AbstractPartialFunction<>() {
            @Override
            public boolean isDefinedAt(T item) {
                return function.apply(item).isPresent();
            }

            @Override
            public T apply(T item) {
                return function.apply(item).orElseThrow();
            }

            // Catalyst asks this way, which calls the function once
            @Override
            public <A extends T, B> B applyOrElse(A item, Function1<A, B> otherwise) {
                Optional<? extends T> value = function.apply(item);
                @SuppressWarnings("unchecked") // B is a supertype of T, which Java cannot write
                B found = value.isPresent() ? (B) value.get() : otherwise.apply(item);
                return found;
            }
        };
    }

    public static <T> Seq<T> concat(scala.collection.Seq<? extends T> first, scala.collection.Seq<? extends T> second) {
        var both = new java.util.ArrayList<T>();
        CollectionConverters.asJava(first).forEach(both::add);
        CollectionConverters.asJava(second).forEach(both::add);
        return seq(both);
    }
}
