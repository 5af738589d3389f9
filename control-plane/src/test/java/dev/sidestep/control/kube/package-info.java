@NullMarked
package dev.sidestep.control.kube;

import org.jspecify.annotations.NullMarked;
