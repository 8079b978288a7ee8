package io.tensorbridge.internal.plan;

import java.util.List;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** Collections across the border. Catalyst rewrites what stands in Scala's, and overlooks what stands in Java's. */
final class Scala {

    private Scala() {}

    static <T> Seq<T> seq(List<? extends T> list) {
        return CollectionConverters.<T>asScala(List.<T>copyOf(list)).toSeq();
    }

    static <T> Seq<T> none() {
        return seq(List.<T>of());
    }

    static <T> Seq<T> one(T item) {
        return seq(List.of(item));
    }

    static <T> List<T> list(scala.collection.Seq<T> seq) {
        return List.copyOf(CollectionConverters.asJava(seq));
    }

    static <T> Seq<T> concat(scala.collection.Seq<? extends T> first, scala.collection.Seq<? extends T> second) {
        var both = new java.util.ArrayList<T>();
        CollectionConverters.asJava(first).forEach(both::add);
        CollectionConverters.asJava(second).forEach(both::add);
        return seq(both);
    }
}
