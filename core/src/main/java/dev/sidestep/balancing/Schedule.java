package dev.sidestep.balancing;

import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/**
 * Whose turn it is, for a whole round: each endpoint as often as its weight says, its turns spread evenly over the round.
 * Made once per update, so that a pick is one array read whatever the weights.
 */
final class Schedule {
    /** Shares within 1/16 of the exact ones; a round of 5,000 endpoints stays below 320 KB. */
    private static final int MAX_TURNS_PER_ENDPOINT = 16;

    private record Turn(int index, int taken, double due) implements Comparable<Turn> {
        @Override
        public int compareTo(Turn other) {
            int byDue = Double.compare(due, other.due);
            return byDue != 0 ? byDue : Integer.compare(index, other.index);
        }
    }

    private Schedule() {}

    /**
     * The indices of endpoints in the order of their turns.
     *
     * @param weights at least 1 each; not empty
     */
    static int[] of(int[] weights) {
        if (Arrays.stream(weights).allMatch(weight -> weight == weights[0])) {
            return IntStream.range(0, weights.length).toArray();
        }
        int[] turns = turns(weights);
        var order = new int[Arrays.stream(turns).sum()];
        // Earliest due first, the middle of each endpoint's first interval being its first turn.
        var queue = new PriorityQueue<Turn>(turns.length);
        for (int i = 0; i < turns.length; i++) {
            queue.add(new Turn(i, 0, 0.5 / turns[i]));
        }
        for (int i = 0; i < order.length; i++) {
            Turn turn = queue.remove();
            order[i] = turn.index();
            queue.add(new Turn(turn.index(), turn.taken() + 1, (turn.taken() + 1.5) / turns[turn.index()]));
        }
        return order;
    }

    /** The weights in lowest terms, or scaled down where a round of them would be too long. */
    private static int[] turns(int[] weights) {
        int divisor = Arrays.stream(weights).reduce(0, Schedule::gcd);
        long total =
                Arrays.stream(weights).mapToLong(weight -> weight / divisor).sum();
        long limit = (long) weights.length * MAX_TURNS_PER_ENDPOINT;
        double scale = total <= limit ? 1 : (double) limit / total;
        return Arrays.stream(weights)
                .map(weight -> (int) Math.max(1, Math.round(scale * weight / divisor)))
                .toArray();
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}
