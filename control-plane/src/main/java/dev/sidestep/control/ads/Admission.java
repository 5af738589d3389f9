package dev.sidestep.control.ads;

import dev.sidestep.control.auth.Refusals;

/** What streams have to keep to, and where it is noted who does not. */
public record Admission(XdsLimits limits, Refusals refusals) {}
