package dev.sidestep.control.injector;

/** A rule speaks against an injection. Thrown inside this package only: {@link Injector} is its border. */
final class DeclinedException extends Exception {
    private static final long serialVersionUID = 1;

    private final Rule rule;

    /**
     * @param reason what is in the way, in one clause
     * @param remedy what the user can do
     */
    DeclinedException(Rule rule, String reason, String remedy) {
        super(reason + "; " + remedy, null, false, false); // An answer, not an accident: nobody reads its stack.
        this.rule = rule;
    }

    Rule rule() {
        return rule;
    }

    /** {@code host-network: reason; remedy}. */
    String text() {
        return rule.text() + ": " + getMessage();
    }
}
