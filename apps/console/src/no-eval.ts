import { config } from "zod";

// zod would probe for `new Function`; under our content security policy that is a reported violation. Import this first.
config({ jitless: true });
