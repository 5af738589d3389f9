/** What a running control plane says of itself over HTTP. */
@NullMarked
package dev.sidestep.control.admin;

import org.jspecify.annotations.NullMarked;
