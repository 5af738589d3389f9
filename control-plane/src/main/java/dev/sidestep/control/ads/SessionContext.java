package dev.sidestep.control.ads;

import dev.sidestep.concurrent.SerialExecutor;
import java.util.function.BooleanSupplier;

/**
 * What all sessions share.
 *
 * @param synced whether the index holds all that there is; until then nothing is answered, least of all that there is
 *     no such name
 */
record SessionContext(
        SerialExecutor owner,
        Catalog catalog,
        Subscribers subscribers,
        AdsMetrics metrics,
        Admission admission,
        BooleanSupplier synced) {}
