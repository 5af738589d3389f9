/** What is known of services and endpoints, as immutable values. Depends on the JDK alone. */
@NullMarked
package dev.sidestep.model;

import org.jspecify.annotations.NullMarked;
