package dev.sidestep.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.sidestep.testkit.SourceTree;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Who may know whom: the table of modules in the design. Maven keeps a module from using one that it does not name;
 * this keeps the packages inside a module apart, and third-party code out of where it does not belong.
 */
class LayersTest {
    private static final List<String> MODULES = List.of(
            "core",
            "xds",
            "control-plane",
            "sidecar",
            "java-agent",
            "cli",
            "examples/backend",
            "examples/frontend",
            "examples/demo");

    private static JavaClasses ours;

    @BeforeAll
    static void readAllModules() {
        List<Path> folders = new ArrayList<>();
        for (String module : MODULES) {
            Path classes = SourceTree.root().resolve(module).resolve("target").resolve("classes");
            assertThat(classes).as("%s is built", module).isDirectory();
            folders.add(classes);
        }
        ours = new ClassFileImporter().importPaths(folders);
    }

    @Test
    void coreIsBuiltFromTheModelUpwards() {
        mayUse("dev.sidestep.model..");
        mayUse("dev.sidestep.concurrent..");
        mayUse("dev.sidestep.naming..", "dev.sidestep.model..");
        mayUse("dev.sidestep.load..", "dev.sidestep.model..");
        mayUse(
                "dev.sidestep.balancing..",
                "dev.sidestep.model..",
                "dev.sidestep.load..",
                "dev.sidestep.concurrent..",
                "dev.sidestep.naming..");
    }

    @Test
    void coreNeedsLittleOfOthers() {
        classes()
                .that()
                .resideInAnyPackage(
                        "dev.sidestep.model..",
                        "dev.sidestep.concurrent..",
                        "dev.sidestep.naming..",
                        "dev.sidestep.load..",
                        "dev.sidestep.balancing..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..",
                        "dev.sidestep..",
                        "io.github.resilience4j..",
                        "io.micrometer.core..",
                        "org.slf4j..",
                        "org.jspecify..")
                .check(ours);
        classes()
                .that()
                .resideInAnyPackage("dev.sidestep.model..", "dev.sidestep.naming..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "dev.sidestep..", "org.jspecify..")
                .check(ours);
    }

    @Test
    void theWireKnowsOnlyTheModelAndDiscoveryKnowsTheWire() {
        mayUse("dev.sidestep.xds..", "dev.sidestep.model..", "dev.sidestep.load..");
        mayUse(
                "dev.sidestep.discovery..",
                "dev.sidestep.xds..",
                "dev.sidestep.model..",
                "dev.sidestep.load..",
                "dev.sidestep.concurrent..",
                "dev.sidestep.balancing..",
                "dev.sidestep.naming..");
    }

    @Test
    void theTransportIsHandedToDiscovery() {
        noClasses()
                .that()
                .resideInAnyPackage("dev.sidestep.xds..", "dev.sidestep.discovery..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.grpc.netty..", "io.netty..")
                .check(ours);
    }

    @Test
    void theThreeProgramsDoNotKnowEachOther() {
        String[] core = {
            "dev.sidestep.model..",
            "dev.sidestep.concurrent..",
            "dev.sidestep.naming..",
            "dev.sidestep.load..",
            "dev.sidestep.balancing..",
            "dev.sidestep.xds..",
            "dev.sidestep.discovery.."
        };
        mayUse("dev.sidestep.control..", core);
        mayUse("dev.sidestep.sidecar..", core);
        mayUse("dev.sidestep.agent..", core);
    }

    @Test
    void theExamplesKnowNothingOfOursAndTheDemoOnlyProcesses() {
        mayUse("dev.sidestep.examples..");
        mayUse("dev.sidestep.demo..");
    }

    @Test
    void whatTheAgentPutsOnTheBootPathNeedsOnlyTheJdk() {
        classes()
                .that()
                .resideInAnyPackage("dev.sidestep.agent.bootstrap..", "dev.sidestep.agent.boot..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..", "dev.sidestep.agent.bootstrap..", "dev.sidestep.agent.boot..", "org.jspecify..")
                .check(ours);
    }

    @Test
    void noTwoPackagesNeedEachOther() {
        slices().matching("dev.sidestep.(**)").should().beFreeOfCycles().check(ours);
    }

    private static void mayUse(String layer, String... others) {
        classes()
                .that()
                .resideInAPackage(layer)
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage("dev.sidestep..")
                        .or(resideInAnyPackage(layer))
                        .or(resideInAnyPackage(others)))
                .check(ours);
    }
}
