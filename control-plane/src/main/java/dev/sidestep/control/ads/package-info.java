/**
 * xDS v3, served: streams, subscriptions, acknowledgements, backpressure. Of every name, streams are told what they do
 * not have yet, and nothing else.
 */
@NullMarked
package dev.sidestep.control.ads;

import org.jspecify.annotations.NullMarked;
