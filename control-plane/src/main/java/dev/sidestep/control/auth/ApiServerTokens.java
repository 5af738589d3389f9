package dev.sidestep.control.auth;

import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Asks the API server, by TokenReview. */
final class ApiServerTokens implements TokenAuthority {
    private static final Pattern SERVICE_ACCOUNT = Pattern.compile("system:serviceaccount:([^:]+):([^:]+)");
    private static final String POD_NAME = "authentication.kubernetes.io/pod-name";
    private static final String POD_UID = "authentication.kubernetes.io/pod-uid";
    private static final String NODE_NAME = "authentication.kubernetes.io/node-name";

    private final KubernetesClient client;
    private final String audience;
    private final TokenReader reader;

    ApiServerTokens(KubernetesClient client, String audience, TokenReader reader) {
        this.client = client;
        this.audience = audience;
        this.reader = reader;
    }

    @Override
    public Verdict review(String token) {
        TokenReview asked = new TokenReviewBuilder()
                .withNewSpec()
                .withToken(token)
                .withAudiences(audience)
                .endSpec()
                .build();
        try {
            return verdict(client.resource(asked).create().getStatus(), reader.expiry(token));
        } catch (KubernetesClientException e) {
            String fix = ApiTrouble.isForbidden(e)
                    ? "grant the control plane the verb create on tokenreviews.authentication.k8s.io"
                    : "streams that were accepted go on, try again";
            return new Verdict.Unknown(
                    Refusal.API_SERVER_AWAY,
                    "the API server cannot be asked whose token this is (" + ApiTrouble.reason(e) + "); " + fix);
        }
    }

    private Verdict verdict(TokenReviewStatus status, Optional<Instant> expiry) {
        if (!Boolean.TRUE.equals(status.getAuthenticated())) {
            String error = Objects.requireNonNullElse(status.getError(), "");
            return new Verdict.Refused(
                    Refusal.UNKNOWN_TOKEN,
                    "the API server does not know this token" + (error.isEmpty() ? "" : " (" + oneLine(error) + ")")
                            + "; mount a projected serviceAccountToken of this cluster with audience " + audience);
        }
        if (!Objects.requireNonNullElse(status.getAudiences(), List.<String>of())
                .contains(audience)) {
            // Also the answer of an API server that knows no audiences: it has checked nothing of the kind.
            return new Verdict.Refused(
                    Refusal.FOREIGN_AUDIENCE, "the API server does not confirm the token's audience " + audience);
        }
        UserInfo user = status.getUser();
        Matcher account = SERVICE_ACCOUNT.matcher(Objects.requireNonNullElse(user.getUsername(), ""));
        if (!account.matches()) {
            return new Verdict.Refused(
                    Refusal.UNKNOWN_TOKEN,
                    "the token is not a service account's; mount a projected serviceAccountToken");
        }
        Map<String, List<String>> extra = Objects.requireNonNullElse(user.getExtra(), Map.of());
        return new Verdict.Accepted(new Caller(
                account.group(1),
                account.group(2),
                first(extra, POD_NAME),
                first(extra, POD_UID),
                first(extra, NODE_NAME),
                expiry));
    }

    private static String first(Map<String, List<String>> extra, String key) {
        List<String> values = extra.getOrDefault(key, List.of());
        return values.isEmpty() ? "" : values.get(0);
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
