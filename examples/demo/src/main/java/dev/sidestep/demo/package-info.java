/**
 * The whole system on one machine, as separate processes: pods, their VIP, a control plane over a folder of manifests,
 * and two frontends, first without Sidestep and then with it. Everything shown is measured at both ends of the calls.
 */
@NullMarked
package dev.sidestep.demo;

import org.jspecify.annotations.NullMarked;
