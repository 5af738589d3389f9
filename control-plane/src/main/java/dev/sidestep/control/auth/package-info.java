/** Who we are and who may ask: certificates of the control plane, their rotation, and the tokens of its clients. */
@NullMarked
package dev.sidestep.control.auth;

import org.jspecify.annotations.NullMarked;
