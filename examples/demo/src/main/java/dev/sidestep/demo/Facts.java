package dev.sidestep.demo;

import java.util.ArrayList;
import java.util.List;

/** The moments of a run, in microseconds since 1970, and the stretches between them. Written by the story alone. */
final class Facts {
    final List<Window> before = new ArrayList<>();
    final List<Window> after = new ArrayList<>();
    final List<Window> scaled = new ArrayList<>();
    final List<Window> outageWindows = new ArrayList<>();
    final List<Window> backOn = new ArrayList<>();
    /** What the story waited for in vain; each breaks a promise by itself. */
    final List<String> missing = new ArrayList<>();

    long scaleStart;
    String newPod = "";
    long newPodReady;
    String killedPod = "";
    long killed;
    /** When its process was gone: a call that started between the two may have reached it. */
    long dead;

    long killEnd;
    String hungPod = "";
    long hung;
    long healed;
    long outage;
    long restarted;
    long outageEnd;
    long off;
    long on;
    long end;
}
