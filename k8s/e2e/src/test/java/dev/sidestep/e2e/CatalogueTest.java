package dev.sidestep.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.e2e.scenario.Catalogue;
import java.util.List;
import org.junit.jupiter.api.Test;

class CatalogueTest {
    @Test
    void namesAreUniqueAndMakeNamespaces() {
        List<String> names =
                Catalogue.all().stream().map(each -> each.title().name()).toList();
        assertThat(names).doesNotHaveDuplicates().allMatch(name -> ("e2e-" + name).matches("[a-z0-9-]{1,40}"));
    }

    @Test
    void whatNeedsTheNodeIsNotForEachBuild() {
        assertThat(Catalogue.all())
                .filteredOn(each -> each.title().needs().contains(Scenario.Need.NODE))
                .noneMatch(each -> each.title().ci());
    }
}
