@NullMarked
package dev.sidestep.control.auth;

import org.jspecify.annotations.NullMarked;
