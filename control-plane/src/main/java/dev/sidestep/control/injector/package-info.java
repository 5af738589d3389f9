/**
 * Puts the sidecar, the agent or gRPC's bootstrap into pods that ask for it. {@link dev.sidestep.control.injector.Injector}
 * decides, and knows nothing of servers and clusters; {@link dev.sidestep.control.injector.Webhook} answers the API server.
 */
@NullMarked
package dev.sidestep.control.injector;

import org.jspecify.annotations.NullMarked;
