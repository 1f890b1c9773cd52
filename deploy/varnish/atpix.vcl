vcl 4.1;

# Varnish in front of Atpix. Copy to /etc/varnish/default.vcl; docs/behind-a-proxy.md explains it.
# Needs vmod_xkey (Debian: varnish-modules). Change: the address of Atpix, and who may purge.
# Give Atpix ATPIX_TRUSTED_PROXIES=127.0.0.1, or all visitors of live URLs share one limit.

import std;
import xkey;

backend atpix {
    .host = "127.0.0.1";
    .port = "8000";
    .first_byte_timeout = 90s;      # a live URL waits for its picture, up to 60 s
}

# Only these may purge, and only by themselves: what came through a proxy on this machine came from elsewhere.
acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        call purge_what_is_asked;
    }
    if (req.url == "/metrics" || req.url ~ "^/metrics[/?]") {
        return (synth(403, "Scrape it from inside"));
    }
    # The API, whatever comes with a key, and whatever is no reading: Atpix's own, and never kept.
    if (req.url !~ "^/cdn/" || req.http.X-API-Key || req.http.Authorization) {
        return (pass);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }

    unset req.http.Cookie;
    # One address, one object: parameters in order, and a name's @ as it is.
    set req.url = std.querysort(req.url);
    set req.url = regsub(req.url, "(?i)^(/cdn/[^/?]+/[^/?]+/img/)%40", "\1@");

    unset req.http.X-Atpix-Page;
    if (req.url ~ "^/cdn/[^/?]+/[^/?]+/live/" && req.http.Accept ~ "(?i)text/html") {
        set req.http.X-Atpix-Page = "1";
    }

    # What a client takes: AVIF (then WebP as well), WebP, or neither; q=0 is a no. `Vary: Accept` then keeps these three
    # apart, and what does not vary (an original, an explicit format) is kept once: the fourth class.
    if (req.http.Accept ~ "(?i)(?:^|,)\s*image/avif\s*(?![^,]*;\s*q\s*=\s*0(?:\.0*)?\s*(?:[;,]|$))(?:[;,]|$)") {
        set req.http.Accept = "image/avif,image/webp,*/*;q=0.8";
    } elseif (req.http.Accept ~ "(?i)(?:^|,)\s*image/webp\s*(?![^,]*;\s*q\s*=\s*0(?:\.0*)?\s*(?:[;,]|$))(?:[;,]|$)") {
        set req.http.Accept = "image/webp,*/*;q=0.8";
    } else {
        set req.http.Accept = "*/*";
    }
    # A live URL in an address bar: while its picture is being made, people get a page. Nobody keeps that one.
    if (req.http.X-Atpix-Page) {
        set req.http.Accept = "text/html," + req.http.Accept;
        unset req.http.X-Atpix-Page;
    }
    return (hash);
}

# PURGE with `Surrogate-Key: img-... alias-...` (or `Cache-Tag`) takes away all that carries one of these tags; without
# them, the one address in all its classes. Hard: nobody is shown the old one while the new one is fetched.
sub purge_what_is_asked {
    if (client.ip !~ purgers || req.http.X-Forwarded-For ~ ",") {
        return (synth(403, "Not from here"));
    }
    if (req.http.Surrogate-Key || req.http.Cache-Tag) {
        set req.http.X-Purged = xkey.purge(req.http.Surrogate-Key + " " + req.http.Cache-Tag);
        return (synth(200, "Purged " + req.http.X-Purged));
    }
    set req.url = regsub(std.querysort(req.url), "(?i)^(/cdn/[^/?]+/[^/?]+/img/)%40", "\1@");
    return (purge);
}

# Atpix answers to every host name alike.
sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

sub vcl_backend_response {
    set beresp.http.xkey = beresp.http.Surrogate-Key;
    # How long is Atpix's to say: fresh for max-age, then stale for stale-while-revalidate and not a moment longer.
    if (beresp.http.Cache-Control !~ "(?i)stale-while-revalidate") {
        set beresp.grace = 0s;
    }
    # What has expired is still good for a conditional request: a name that has not moved is a 304.
    set beresp.keep = 1h;
    if (beresp.status >= 500) {
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }
}

sub vcl_deliver {
    unset resp.http.xkey;
    if (obj.uncacheable) {
        set resp.http.Cache-Status = "Varnish; fwd=bypass";
    } elseif (obj.hits > 0) {
        set resp.http.Cache-Status = "Varnish; hit";
    } else {
        set resp.http.Cache-Status = "Varnish; fwd=miss";
    }
}

sub vcl_backend_error {
    set beresp.http.Content-Type = "application/json";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "5";
    set beresp.body = {"{"success": false, "error": {"code": "OVERLOADED", "requestId": ""} + bereq.xid +
        {"", "message": "Atpix does not answer right now; try again in a moment." } }"};
    return (deliver);
}

sub vcl_synth {
    set resp.http.Content-Type = "text/plain; charset=utf-8";
    set resp.http.Cache-Control = "no-store";
    set resp.body = resp.reason + {"
"};
    return (deliver);
}
